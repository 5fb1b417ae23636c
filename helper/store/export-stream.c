#include "store/export-stream.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/thread.h"
#include "store/gzip.h"

#include <fcntl.h>
#include <string.h>

#define BLOCK_BYTES (256 * 1024)
#define BLOCKS_COUNT 16

struct _BkExportStream
{
  GInputStream parent;

  /* What the thread works from; not touched by anyone else while it runs. */
  BkRepository *repository;
  GPtrArray *files;
  GBytes *manifest;
  gint64 now_usecs;
  GThread *thread; /* (nullable): before the first read */

  /* The ring between the two. A block in it belongs to the reader, the next one to the thread. */
  guint8 *blocks[BLOCKS_COUNT];
  gsize lengths[BLOCKS_COUNT];
  GMutex mutex;
  GCond changed;
  guint first;
  guint count;
  gboolean has_ended; /* the thread puts nothing more into it */
  gboolean is_stopped;
  GError *failure; /* (nullable): what the thread ended with */

  /* The thread's alone. */
  gsize filled_bytes;

  /* The reader's alone. */
  GConverter *gzip;
  gsize taken_bytes; /* of the first block */
  gboolean is_finished;
};

G_DEFINE_FINAL_TYPE (BkExportStream, bk_export_stream, G_TYPE_INPUT_STREAM)

/* Puts the block that was being filled into the ring, and waits until the next one is free. */
static gboolean
push (BkExportStream *self)
{
  g_mutex_lock (&self->mutex);
  self->lengths[(self->first + self->count) % BLOCKS_COUNT] = self->filled_bytes;
  self->count++;
  self->filled_bytes = 0;
  g_cond_broadcast (&self->changed);
  while (self->count == BLOCKS_COUNT && !self->is_stopped)
    g_cond_wait (&self->changed, &self->mutex);
  gboolean goes_on = !self->is_stopped;
  g_mutex_unlock (&self->mutex);
  return goes_on;
}

/* The block after those in the ring. Only the thread moves its place: taking the first one out
 * changes first and count together. */
static guint8 *
block_to_fill (BkExportStream *self)
{
  g_mutex_lock (&self->mutex);
  guint index = (self->first + self->count) % BLOCKS_COUNT;
  g_mutex_unlock (&self->mutex);
  return self->blocks[index];
}

static gboolean
take_bytes (const void *data, gsize length_bytes, gpointer user_data)
{
  BkExportStream *self = user_data;
  const guint8 *p = data;

  while (length_bytes > 0)
    {
      gsize step_bytes = MIN (length_bytes, BLOCK_BYTES - self->filled_bytes);

      memcpy (block_to_fill (self) + self->filled_bytes, p, step_bytes);
      self->filled_bytes += step_bytes;
      p += step_bytes;
      length_bytes -= step_bytes;
      if (self->filled_bytes == BLOCK_BYTES && !push (self))
        return FALSE;
    }
  return TRUE;
}

static gpointer
make_tar (gpointer user_data)
{
  BkExportStream *self = user_data;
  g_autoptr (GError) failure = NULL;

  if (bk_export_write_tar (self->repository, self->files, self->manifest, self->now_usecs,
                           take_bytes, self, &failure) &&
      self->filled_bytes > 0)
    push (self);

  g_mutex_lock (&self->mutex);
  self->has_ended = TRUE;
  self->failure = g_steal_pointer (&failure);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
  return NULL;
}

static void
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  BkExportStream *self = user_data;

  g_mutex_lock (&self->mutex);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
}

/* Waits until there is a block, or there will be none. */
static gboolean
wait_for_block (BkExportStream *self, gboolean *at_end, GCancellable *cancellable, GError **error)
{
  gulong handler = cancellable == NULL
                       ? 0
                       : g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), self, NULL);

  g_mutex_lock (&self->mutex);
  while (self->count == 0 && !self->has_ended && !g_cancellable_is_cancelled (cancellable))
    g_cond_wait (&self->changed, &self->mutex);
  *at_end = self->count == 0 && self->has_ended;
  g_autoptr (GError) failure =
      *at_end && self->failure != NULL ? g_error_copy (self->failure) : NULL;
  g_mutex_unlock (&self->mutex);

  g_cancellable_disconnect (cancellable, handler);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

static gboolean
has_block (BkExportStream *self)
{
  g_mutex_lock (&self->mutex);
  gboolean has = self->count > 0;
  g_mutex_unlock (&self->mutex);
  return has;
}

static void
release_block (BkExportStream *self)
{
  self->taken_bytes = 0;
  g_mutex_lock (&self->mutex);
  self->first = (self->first + 1) % BLOCKS_COUNT;
  self->count--;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
}

/* One step of compressing. @written_bytes may be 0: what went in is not out yet. */
static gboolean
compress_step (BkExportStream *self,
               gboolean at_end,
               void *buffer,
               gsize count,
               gsize *written_bytes,
               GError **error)
{
  g_autoptr (GError) local = NULL;
  const guint8 *in = at_end ? NULL : self->blocks[self->first] + self->taken_bytes;
  gsize in_bytes = at_end ? 0 : self->lengths[self->first] - self->taken_bytes;
  gsize read_bytes = 0;
  GConverterResult result = g_converter_convert (
      self->gzip, at_end ? "" : (const char *) in, in_bytes, buffer, count,
      at_end ? G_CONVERTER_INPUT_AT_END : G_CONVERTER_NO_FLAGS, &read_bytes, written_bytes, &local);

  if (result == G_CONVERTER_ERROR)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  self->is_finished = result == G_CONVERTER_FINISHED;
  self->taken_bytes += read_bytes;
  if (!at_end && self->taken_bytes == self->lengths[self->first])
    release_block (self);
  return TRUE;
}

static gssize
export_stream_read (
    GInputStream *stream, void *buffer, gsize count, GCancellable *cancellable, GError **error)
{
  BkExportStream *self = BK_EXPORT_STREAM (stream);
  gsize total_bytes = 0;

  if (self->thread == NULL)
    self->thread = bk_thread_new ("export-read", make_tar, self);

  /* Fills the buffer as far as that goes without waiting: the first bytes leave at once. */
  while (!self->is_finished && total_bytes < count)
    {
      gboolean at_end = FALSE;
      gsize written_bytes = 0;

      if (total_bytes > 0 && !has_block (self))
        break;
      if (!wait_for_block (self, &at_end, cancellable, error) ||
          !compress_step (self, at_end, (guint8 *) buffer + total_bytes, count - total_bytes,
                          &written_bytes, error))
        return -1;
      total_bytes += written_bytes;
    }
  return (gssize) total_bytes;
}

/* Has the thread end, and waits for that. */
static void
stop (BkExportStream *self)
{
  g_mutex_lock (&self->mutex);
  self->is_stopped = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
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
  for (guint i = 0; i < BLOCKS_COUNT; i++)
    g_free (self->blocks[i]);
  g_clear_error (&self->failure);
  g_clear_object (&self->gzip);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->changed);
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
  g_mutex_init (&self->mutex);
  g_cond_init (&self->changed);
  for (guint i = 0; i < BLOCKS_COUNT; i++)
    self->blocks[i] = g_malloc (BLOCK_BYTES);
  self->gzip = bk_gzip_compressor_new ();
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
