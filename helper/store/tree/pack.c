#include "store/tree/pack-private.h"

#include <archive.h>
#include <errno.h>
#include <string.h>

/* How far a file may have grown between its scan and its reading and still be read at once. A
 * larger one is left to the next run, which packs it as the large file it has become. */
#define GROWN_MAX_BYTES (16u * 1024 * 1024)

BkTreePacker *
bk_tree_packer_new (void)
{
  BkTreePacker *self = g_new0 (BkTreePacker, 1);

  self->plain = g_byte_array_sized_new (BK_TREE_FRAME_BYTES);
  self->content = g_byte_array_new ();
  self->archive = bk_tree_pack_archive_new (self->plain, FALSE);
  self->binary = bk_tree_pack_archive_new (self->plain, TRUE);
  self->entry = archive_entry_new ();
  bk_tree_object_init (&self->object);
  return self;
}

void
bk_tree_packer_free (BkTreePacker *packer)
{
  bk_tree_pack_archive_free (packer->archive);
  bk_tree_pack_archive_free (packer->binary);
  archive_entry_free (packer->entry);
  bk_tree_object_clear (&packer->object);
  g_byte_array_unref (packer->plain);
  g_byte_array_unref (packer->content);
  g_free (packer);
}

/**
 * bk_tree_packer_reset:
 *
 * Begins a new frame.
 */
void
bk_tree_packer_reset (BkTreePacker *packer)
{
  g_byte_array_set_size (packer->plain, 0);
}

/**
 * bk_tree_packer_get_bytes:
 *
 * Returns: (transfer none): the tar since bk_tree_packer_reset(), a multiple of 512 bytes unless
 *   it holds a segment.
 */
const void *
bk_tree_packer_get_bytes (BkTreePacker *packer, gsize *length_bytes)
{
  *length_bytes = packer->plain->len;
  return packer->plain->data;
}

/* Reads the whole file, holes as zeros, as libarchive takes it. */
static int
read_content (BkTreePacker *packer, gboolean *is_short)
{
  const BkTreeObject *object = &packer->object;

  g_byte_array_set_size (packer->content, (guint) object->st.st_size);
  if (object->is_sparse)
    memset (packer->content->data, 0, packer->content->len);
  for (guint i = 0; i < object->extents->len; i++)
    {
      const BkTreeExtent *extent = &g_array_index (object->extents, BkTreeExtent, i);
      int errnum = bk_tree_object_read_extent (object, extent->offset_bytes,
                                               packer->content->data + extent->offset_bytes,
                                               (gsize) extent->length_bytes, is_short);

      if (errnum != 0)
        return errnum;
    }
  return 0;
}

static int
pack_object (BkTreePacker *packer, const BkTreeArchiveInput *input, gboolean *has_changed)
{
  BkTreeObject *object = &packer->object;
  gboolean is_file = S_ISREG (object->st.st_mode) && input->hardlink_target == NULL;
  int errnum = 0;

  g_byte_array_set_size (packer->content, 0);
  if (is_file && object->st.st_size > GROWN_MAX_BYTES)
    return EFBIG;
  if (is_file)
    errnum = bk_tree_object_find_extents (object);
  if (errnum == 0 && is_file)
    errnum = read_content (packer, has_changed);
  if (errnum != 0)
    return errnum;

  archive_entry_clear (packer->entry);
  errnum = bk_tree_object_describe (object, input->dirfd, input->name, input->path, packer->entry);
  if (errnum != 0)
    return errnum;
  if (input->hardlink_target != NULL)
    {
      archive_entry_set_size (packer->entry, 0);
      archive_entry_copy_hardlink (packer->entry, input->hardlink_target);
    }

  struct archive *archive =
      bk_tree_pack_has_ascii_names (input, object) ? packer->archive : packer->binary;
  errnum = bk_tree_pack_write_header (archive, packer->plain, object, input, packer->entry);
  if (errnum == 0 && is_file)
    archive_write_data (archive, packer->content->data, packer->content->len);
  archive_write_finish_entry (archive);
  if (is_file && bk_tree_object_has_changed (object))
    *has_changed = TRUE;
  return errnum;
}

/**
 * bk_tree_packer_add:
 * @input: no large file
 * @result: (out): what became of it
 *
 * Adds one whole member. A file is read before its header is written, so that one that cannot be
 * read leaves nothing behind.
 */
void
bk_tree_packer_add (BkTreePacker *packer,
                    const BkTreeArchiveInput *input,
                    BkTreeArchiveResult *result)
{
  BkTreeObject *object = &packer->object;
  guint before_bytes = packer->plain->len;
  gboolean has_changed = FALSE;

  if (S_ISSOCK (input->mode))
    {
      bk_tree_pack_set_result (result, BK_TREE_SKIPPED, 0, NULL);
      return;
    }

  int errnum = bk_tree_object_open (object, input->dirfd, input->name, input->mode);
  if (errnum == 0)
    errnum = pack_object (packer, input, &has_changed);
  if (errnum == 0)
    {
      bk_tree_pack_set_result (result, has_changed ? BK_TREE_CHANGED : BK_TREE_STORED, 0,
                               &object->st);
      return;
    }
  g_byte_array_set_size (packer->plain, before_bytes);
  bk_tree_pack_set_failure (result, errnum);
}
