/* Large files: cut into segments, which several threads pack side by side. */
#include "store/tree/pack-private.h"

#include <errno.h>
#include <string.h>

/* Where a frame that continues a large file begins, modulo 512: see store/tree/archive.h. */
#define CONTINUATION_BYTES 256

struct _BkTreeLarge
{
  gatomicrefcount references;
  BkTreeObject object;
  GByteArray *header;
  guint64 data_bytes;
  guint segments_count;
  BkTreeArchiveResult result;
  int errnum;   /* atomic; the first failure of a segment */
  int is_short; /* atomic; the file ended before its size */
};

static int
describe_large (BkTreeLarge *large, BkTreePacker *packer, const BkTreeArchiveInput *input)
{
  int errnum = bk_tree_object_open (&large->object, input->dirfd, input->name, input->mode);

  if (errnum == 0)
    errnum = bk_tree_object_find_extents (&large->object);
  if (errnum != 0)
    return errnum;

  archive_entry_clear (packer->entry);
  errnum = bk_tree_object_describe (&large->object, input->dirfd, input->name, input->path,
                                    packer->entry);
  if (errnum != 0)
    return errnum;

  /* libarchive makes the header, and with the first data the map of a sparse file; the content
   * goes around it, for its data calls know one thread and one stream only. */
  struct archive *archive = bk_tree_pack_archive_new (
      large->header, !bk_tree_pack_has_ascii_names (input, &large->object));
  errnum = bk_tree_pack_write_header (archive, large->header, &large->object, input, packer->entry);
  archive_write_data (archive, "", 0);
  bk_tree_pack_archive_free (archive);
  return errnum;
}

/**
 * bk_tree_large_new:
 * @input: a regular file without hardlink_target
 * @result: (out): set when it cannot be archived
 *
 * Returns: (transfer full) (nullable): the file, open, with its header; %NULL with @result.
 */
BkTreeLarge *
bk_tree_large_new (BkTreePacker *packer,
                   const BkTreeArchiveInput *input,
                   BkTreeArchiveResult *result)
{
  BkTreeLarge *self = g_new0 (BkTreeLarge, 1);

  g_atomic_ref_count_init (&self->references);
  self->header = g_byte_array_new ();
  bk_tree_object_init (&self->object);

  int errnum = describe_large (self, packer, input);
  if (errnum != 0)
    {
      bk_tree_pack_set_failure (result, errnum);
      bk_tree_large_unref (self);
      return NULL;
    }
  for (guint i = 0; i < self->object.extents->len; i++)
    self->data_bytes += g_array_index (self->object.extents, BkTreeExtent, i).length_bytes;
  self->segments_count = (guint) MAX (1, self->data_bytes / BK_TREE_FRAME_BYTES);
  return self;
}

BkTreeLarge *
bk_tree_large_ref (BkTreeLarge *large)
{
  g_atomic_ref_count_inc (&large->references);
  return large;
}

void
bk_tree_large_unref (BkTreeLarge *large)
{
  if (!g_atomic_ref_count_dec (&large->references))
    return;
  bk_tree_object_clear (&large->object);
  g_byte_array_unref (large->header);
  g_free (large);
}

/**
 * bk_tree_large_count_segments:
 *
 * Returns: how many segments it has, 1 or more.
 */
guint
bk_tree_large_count_segments (BkTreeLarge *large)
{
  return large->segments_count;
}

/**
 * bk_tree_large_get_result:
 * @result: (out): what became of the file; to be asked after its last segment
 *
 * A file whose reading failed in its middle is in the tar, as long as its header says, but counts
 * as unreadable: no manifest names it.
 */
void
bk_tree_large_get_result (BkTreeLarge *large, BkTreeArchiveResult *result)
{
  int errnum = g_atomic_int_get (&large->errnum);

  if (errnum != 0)
    bk_tree_pack_set_result (result, BK_TREE_UNREADABLE, errnum, NULL);
  else if (g_atomic_int_get (&large->is_short) || bk_tree_object_has_changed (&large->object))
    bk_tree_pack_set_result (result, BK_TREE_CHANGED, 0, &large->object.st);
  else
    bk_tree_pack_set_result (result, BK_TREE_STORED, 0, &large->object.st);
}

static guint64
segment_begin (const BkTreeLarge *large, guint segment)
{
  if (segment == 0)
    return 0;
  if (segment == large->segments_count)
    return large->data_bytes;
  return (guint64) segment * BK_TREE_FRAME_BYTES - CONTINUATION_BYTES;
}

/* Appends the bytes from begin to end of the file's data, its extents one after the other. */
static void
append_data (GByteArray *plain, BkTreeLarge *large, guint64 begin_bytes, guint64 end_bytes)
{
  guint64 at_bytes = 0; /* where the extent begins in the data */

  for (guint i = 0; i < large->object.extents->len && at_bytes < end_bytes; i++)
    {
      const BkTreeExtent *extent = &g_array_index (large->object.extents, BkTreeExtent, i);
      guint64 from = MAX (begin_bytes, at_bytes);
      guint64 to = MIN (end_bytes, at_bytes + extent->length_bytes);

      if (from < to)
        {
          guint before_bytes = plain->len;
          gboolean is_short = FALSE;

          g_byte_array_set_size (plain, before_bytes + (guint) (to - from));
          int errnum = bk_tree_object_read_extent (
              &large->object, extent->offset_bytes + (from - at_bytes), plain->data + before_bytes,
              (gsize) (to - from), &is_short);
          if (errnum != 0)
            g_atomic_int_compare_and_exchange (&large->errnum, 0, errnum);
          if (is_short)
            g_atomic_int_set (&large->is_short, TRUE);
        }
      at_bytes += extent->length_bytes;
    }
}

/**
 * bk_tree_packer_add_segment:
 * @segment: from 0 to bk_tree_large_count_segments() - 1; any thread, any order
 *
 * The first segment begins with the file's header, the last ends with its padding; each makes a
 * frame of its own.
 */
void
bk_tree_packer_add_segment (BkTreePacker *packer, BkTreeLarge *large, guint segment)
{
  GByteArray *plain = packer->plain;

  if (segment == 0)
    g_byte_array_append (plain, large->header->data, large->header->len);
  append_data (plain, large, segment_begin (large, segment), segment_begin (large, segment + 1));
  if (segment + 1 == large->segments_count)
    {
      guint before_bytes = plain->len, padding_bytes = (guint) (-large->data_bytes & 511);

      g_byte_array_set_size (plain, before_bytes + padding_bytes);
      memset (plain->data + before_bytes, 0, padding_bytes);
    }
}
