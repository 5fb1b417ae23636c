#include "store/archive/export-stream.h"

#include "base/thread.h"
#include "store/archive/gzip-ring.h"

struct _BkExportStream
{
  GInputStream parent;

  /* What the thread works from; not touched by anyone else while it runs. */
  BkRepository *repository;
  GPtrArray *files;
  GBytes *manifest;
  gint64 now_usecs;
  GThread *thread;  /* (nullable): before the first read */
  BkGzipRing *ring; /* between the two */
};

G_DEFINE_FINAL_TYPE (BkExportStream, bk_export_stream, G_TYPE_INPUT_STREAM)

static guint8 *
give_room (gsize *room_bytes, gpointer user_data)
{
  return bk_gzip_ring_room (user_data, room_bytes);
}

static gboolean
take_bytes (const void *data, gsize length_bytes, gpointer user_data)
{
  return bk_gzip_ring_write (user_data, data, length_bytes);
}

static gpointer
make_tar (gpointer user_data)
{
  BkExportStream *self = user_data;
  const BkExportTarget target = { give_room, take_bytes, self->ring };
  g_autoptr (GError) failure = NULL;

  bk_export_write_tar (self->repository, self->files, self->manifest, self->now_usecs, &target,
                       &failure);
  bk_gzip_ring_end (self->ring, failure);
  return NULL;
}

static gssize
export_stream_read (
    GInputStream *stream, void *buffer, gsize count, GCancellable *cancellable, GError **error)
{
  BkExportStream *self = BK_EXPORT_STREAM (stream);

  if (self->thread == NULL)
    self->thread = bk_thread_new ("export-read", make_tar, self);
  return bk_gzip_ring_read (self->ring, buffer, count, cancellable, error);
}

/* Has the thread end, and waits for that. */
static void
stop (BkExportStream *self)
{
  bk_gzip_ring_stop (self->ring);
  if (self->thread != NULL)
    g_thread_join (g_steal_pointer (&self->thread));
}

static gboolean
export_stream_close (GInputStream *stream, GCancellable *cancellable, GError **error)
{
  stop (BK_EXPORT_STREAM (stream));
  return TRUE;
}

static void
bk_export_stream_finalize (GObject *object)
{
  BkExportStream *self = BK_EXPORT_STREAM (object);

  stop (self);
  g_clear_object (&self->repository);
  g_ptr_array_unref (self->files);
  g_bytes_unref (self->manifest);
  bk_gzip_ring_free (self->ring);
  G_OBJECT_CLASS (bk_export_stream_parent_class)->finalize (object);
}

static void
bk_export_stream_class_init (BkExportStreamClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bk_export_stream_finalize;
  G_INPUT_STREAM_CLASS (klass)->read_fn = export_stream_read;
  G_INPUT_STREAM_CLASS (klass)->close_fn = export_stream_close;
}

static void
bk_export_stream_init (BkExportStream *self)
{
  self->ring = bk_gzip_ring_new ();
}

/**
 * bk_export_stream_new:
 * @repository: what members' names are relative to
 * @files: (element-type BkExportFile): must not change any more
 *
 * Returns: (transfer full): the bytes of a tar.gz. Reading fails with %BK_ERROR_INTEGRITY, naming
 *   the file, instead of ending well, when one is not what was recorded about it.
 */
GInputStream *
bk_export_stream_new (BkRepository *repository,
                      GPtrArray *files,
                      GBytes *manifest,
                      gint64 now_usecs)
{
  BkExportStream *self = g_object_new (BK_TYPE_EXPORT_STREAM, NULL);

  self->repository = g_object_ref (repository);
  self->files = g_ptr_array_ref (files);
  self->manifest = g_bytes_ref (manifest);
  self->now_usecs = now_usecs;
  return G_INPUT_STREAM (self);
}
