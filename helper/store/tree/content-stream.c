/* The content of one member as a GInputStream: holes read as zeros. */
#include "store/tree/archive.h"

#include <string.h>

#define BK_TYPE_TREE_CONTENT_STREAM (bk_tree_content_stream_get_type ())
G_DECLARE_FINAL_TYPE (
    BkTreeContentStream, bk_tree_content_stream, BK, TREE_CONTENT_STREAM, GInputStream)

struct _BkTreeContentStream
{
  GInputStream parent;

  BkTreeArchiveReader *reader; /* borrowed */
  guint64 size_bytes;
  guint64 position_bytes;
  const guint8 *block; /* NULL: none is left */
  gsize block_bytes;
  guint64 block_offset_bytes;
  gboolean has_started;
};

G_DEFINE_FINAL_TYPE (BkTreeContentStream, bk_tree_content_stream, G_TYPE_INPUT_STREAM)

static gboolean
next_block (BkTreeContentStream *self, GCancellable *cancellable, GError **error)
{
  const void *data;

  if (!bk_tree_archive_reader_read_block (self->reader, &data, &self->block_bytes,
                                          &self->block_offset_bytes, cancellable, error))
    return FALSE;
  self->block = data;
  self->has_started = TRUE;
  return TRUE;
}

static gssize
content_read (
    GInputStream *stream, void *buffer, gsize count, GCancellable *cancellable, GError **error)
{
  BkTreeContentStream *self = BK_TREE_CONTENT_STREAM (stream);

  count = (gsize) MIN (count, self->size_bytes - self->position_bytes);
  if (count == 0)
    return 0;
  while (
      !self->has_started ||
      (self->block != NULL && self->position_bytes >= self->block_offset_bytes + self->block_bytes))
    {
      if (!next_block (self, cancellable, error))
        return -1;
    }

  if (self->block == NULL)
    memset (buffer, 0, count);
  else if (self->position_bytes < self->block_offset_bytes)
    {
      count = (gsize) MIN (count, self->block_offset_bytes - self->position_bytes);
      memset (buffer, 0, count);
    }
  else
    {
      gsize done_bytes = (gsize) (self->position_bytes - self->block_offset_bytes);

      count = MIN (count, self->block_bytes - done_bytes);
      memcpy (buffer, self->block + done_bytes, count);
    }
  self->position_bytes += count;
  return (gssize) count;
}

static void
bk_tree_content_stream_class_init (BkTreeContentStreamClass *class)
{
  G_INPUT_STREAM_CLASS (class)->read_fn = content_read;
}

static void
bk_tree_content_stream_init (BkTreeContentStream *self)
{
}

/**
 * bk_tree_archive_reader_open_content:
 * @member: as the reader returned it last; a regular file that is no hard link
 *
 * Returns: (transfer full): its content. It reads from @reader, and only until that moves on.
 */
GInputStream *
bk_tree_archive_reader_open_content (BkTreeArchiveReader *reader, const BkTreeArchiveMember *member)
{
  BkTreeContentStream *self = g_object_new (BK_TYPE_TREE_CONTENT_STREAM, NULL);

  self->reader = reader;
  self->size_bytes = member->size_bytes;
  return G_INPUT_STREAM (self);
}
