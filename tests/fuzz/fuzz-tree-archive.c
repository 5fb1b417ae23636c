#include "base/fd.h"
#include "format/seek-table.h"
#include "model/tree-path.h"
#include "store/archive/frame-codec.h"
#include "store/tree/archive.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static gboolean
begins_with (const guint8 *data, gsize size, const char *magic)
{
  return size >= strlen (magic) && memcmp (data, magic, strlen (magic)) == 0;
}

/* What begins neither as zstd nor as gzip is taken as the tar inside, so that the fuzzer gets to
 * it: one frame and its table. */
static int
as_file (const guint8 *data, gsize size)
{
  int fd = memfd_create ("archive", MFD_CLOEXEC);
  g_autoptr (GByteArray) frame = g_byte_array_new ();

  if (begins_with (data, size, "\x28\xb5\x2f\xfd") || begins_with (data, size, "\x1f\x8b"))
    {
      g_assert_cmpint (write (fd, data, size), ==, (gssize) size);
      return fd;
    }

  g_autoptr (BkFrameCodec) codec = bk_frame_codec_new (BK_TREE_COMPRESSION_ZSTD, 1);
  g_autoptr (BkSeekTableBuilder) builder = bk_seek_table_builder_new ();
  bk_frame_codec_compress (codec, data, size, frame);
  bk_seek_table_builder_add (builder, frame->len, size, NULL);
  g_autoptr (GByteArray) table = bk_seek_table_builder_end (builder);
  g_assert_cmpint (write (fd, frame->data, frame->len), ==, (gssize) frame->len);
  g_assert_cmpint (write (fd, table->data, table->len), ==, (gssize) table->len);
  return fd;
}

static void
read_content (BkTreeArchiveReader *reader, guint64 size_bytes)
{
  const void *block;
  gsize length_bytes;
  guint64 offset_bytes;

  while (bk_tree_archive_reader_read_block (reader, &block, &length_bytes, &offset_bytes, NULL,
                                            NULL) &&
         block != NULL)
    g_assert_cmpuint (offset_bytes + length_bytes, <=, size_bytes);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (BkTreeArchiveReader) reader =
      bk_tree_archive_reader_new (as_file (data, size), "the input", NULL);
  g_autofree char *before = g_strdup ("");
  const BkTreeArchiveMember *member;

  while (reader != NULL && bk_tree_archive_reader_next (reader, &member, NULL, NULL) &&
         member != NULL)
    {
      g_assert_true (bk_tree_path_is_valid (member->path));
      g_assert_true (member->hardlink_target == NULL ||
                     bk_tree_path_is_valid (member->hardlink_target));
      g_assert_cmpint (bk_tree_path_compare (before, member->path), <, 0);
      g_free (before);
      before = g_strdup (member->path);
      read_content (reader, member->size_bytes);
    }
  if (reader != NULL && bk_tree_archive_reader_find (reader, before, &member, NULL, NULL))
    g_assert_cmpstr (member->path, ==, before);
  return 0;
}
