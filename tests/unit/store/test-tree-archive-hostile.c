/* The fuzz target's corpus again, here for what is said about each: good ones are read to their end,
 * bad ones are refused with the reason. */
#include "store/tree/archive.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "format/seek-table.h"
#include "store/archive/frame-codec.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

static const struct
{
  const char *name;
  int members_count;  /* before the end, or before what is wrong */
  const char *reason; /* NULL: nothing is wrong */
} cases[] = {
  { "good.tar", 6, NULL },
  { "good.tar.zst", 6, NULL },
  { "good-continued.tar.zst", 1, NULL },
  { "good.tar.gz", 6, NULL },
  { "good-members.tar.gz", 6, NULL },
  { "sparse.tar", 1, NULL },
  { "bad-dotdot.tar", 0, "leads out of where it is unpacked" },
  { "bad-absolute.tar", 0, "leads out of where it is unpacked" },
  { "bad-pax-path.tar", 0, "leads out of where it is unpacked" },
  { "bad-dot.tar", 0, "leads out of where it is unpacked" },
  { "bad-slashes.tar", 0, "leads out of where it is unpacked" },
  { "bad-link-outside.tar", 0, "hard link to what is not in the archive" },
  { "bad-link-absolute.tar", 0, "hard link to what is not in the archive" },
  { "bad-disorder.tar", 1, "not in order" },
  { "bad-twice.tar", 1, "not in order" },
  { "bad-dot-before-slash.tar", 1, "not in order" },
  { "bad-no-end.tar", 6, "cut off" },
  { "bad-no-end.tar.gz", 6, "cut off" },
  { "bad-cut.tar", 1, "" },
  { "bad-cut.tar.gz", 0, "cut off" },
  { "bad-cut.tar.zst", 0, "no seek table" },
  { "bad-no-table.tar.zst", 0, "no seek table" },
  { "bad-flip.tar.zst", 0, "broken near byte" },
  { "bad-flip.tar.gz", 0, "does not unpack as gzip" },
  { "bad-trailing.tar.gz", 6, "broken near byte" },
  { "bad-frame-longer.tar.zst", 0, "shorter than its table says" },
  { "bad-frame-shorter.tar.zst", 0, "unpacks to more than its table says" },
  { "bad-frames-shifted.tar.zst", 0, "broken near byte" },
  { "bad-bomb.tar.zst", 0, "unpacks to more than its table says" },
  { "bad-nothing", 0, "begins neither as zstd nor as gzip" },
};

static char *
read_corpus (const char *name, gsize *size_bytes)
{
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "fuzz", "corpus", "tree-archive", name, NULL);
  g_autoptr (GError) error = NULL;
  char *data;

  g_file_get_contents (path, &data, size_bytes, &error);
  g_assert_no_error (error);
  return data;
}

static void
put (int fd, const void *data, gsize size_bytes)
{
  g_assert_cmpint (write (fd, data, size_bytes), ==, size_bytes);
}

/* As the fuzz target does: a bare tar gets a frame and a table. */
static int
open_corpus (const char *name)
{
  gsize size_bytes;
  g_autofree char *data = read_corpus (name, &size_bytes);
  int fd = memfd_create (name, MFD_CLOEXEC);

  if (!g_str_has_suffix (name, ".tar"))
    {
      put (fd, data, size_bytes);
      return fd;
    }
  g_autoptr (BkFrameCodec) codec = bk_frame_codec_new (BK_TREE_COMPRESSION_ZSTD, 1);
  g_autoptr (BkSeekTableBuilder) builder = bk_seek_table_builder_new ();
  g_autoptr (GByteArray) frame = g_byte_array_new ();
  bk_frame_codec_compress (codec, data, size_bytes, frame);
  bk_seek_table_builder_add (builder, frame->len, size_bytes, NULL);
  g_autoptr (GByteArray) table = bk_seek_table_builder_end (builder);
  put (fd, frame->data, frame->len);
  put (fd, table->data, table->len);
  return fd;
}

static int
read_all (BkTreeArchiveReader *reader, GError **error)
{
  const BkTreeArchiveMember *member;
  const void *data;
  gsize length_bytes;
  guint64 offset_bytes;

  for (int count = 0;; count++)
    {
      if (!bk_tree_archive_reader_next (reader, &member, NULL, error) || member == NULL)
        return count;
      do
        {
          if (!bk_tree_archive_reader_read_block (reader, &data, &length_bytes, &offset_bytes, NULL,
                                                  error))
            return count;
        }
      while (data != NULL);
    }
}

static void
test_corpus (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (BkTreeArchiveReader) reader =
          bk_tree_archive_reader_new (open_corpus (cases[i].name), cases[i].name, &error);
      int count = reader == NULL ? 0 : read_all (reader, &error);

      g_test_message ("%s: %d members, %s", cases[i].name, count,
                      error == NULL ? "good" : error->message);
      if (cases[i].reason == NULL)
        g_assert_no_error (error);
      else
        {
          g_assert_error (error, BK_ERROR, BK_ERROR_INTEGRITY);
          g_assert_nonnull (strstr (error->message, cases[i].reason));
        }
      if (cases[i].members_count >= 0)
        g_assert_cmpint (count, ==, cases[i].members_count);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/tree-archive/hostile", test_corpus);
  return g_test_run ();
}
