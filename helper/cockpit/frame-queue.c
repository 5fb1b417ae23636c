#include "cockpit/frame-queue.h"

#include <errno.h>
#include <unistd.h>

/* What a frame in the queue takes beside its bytes; they may be few. */
#define FRAME_COST_BYTES 128

void
bk_frame_queue_init (BkFrameQueue *queue)
{
  *queue = (BkFrameQueue){ .frames = G_QUEUE_INIT };
}

/**
 * bk_frame_queue_close:
 *
 * Drops what is in it, and whatever is still to be pushed. Frees all it has.
 */
void
bk_frame_queue_close (BkFrameQueue *queue)
{
  g_queue_clear_full (&queue->frames, (GDestroyNotify) g_bytes_unref);
  queue->queued_bytes = 0;
  queue->written_bytes = 0;
  queue->is_closed = TRUE;
}

/**
 * bk_frame_queue_push:
 * @frame: (transfer full)
 *
 * Returns: whether it is in the queue now; %FALSE when the queue is closed.
 */
gboolean
bk_frame_queue_push (BkFrameQueue *queue, GBytes *frame)
{
  if (queue->is_closed)
    {
      g_bytes_unref (frame);
      return FALSE;
    }
  g_queue_push_tail (&queue->frames, frame);
  queue->queued_bytes += g_bytes_get_size (frame) + FRAME_COST_BYTES;
  return TRUE;
}

/* Returns whether more can be written at once. */
static gboolean
write_some (BkFrameQueue *queue, int fd)
{
  GBytes *first = g_queue_peek_head (&queue->frames);
  gsize length_bytes;
  const guint8 *data = g_bytes_get_data (first, &length_bytes);
  ssize_t n = write (fd, data + queue->written_bytes, length_bytes - queue->written_bytes);

  if (n < 0 && errno == EINTR)
    return TRUE;
  if (n < 0 && errno == EAGAIN)
    return FALSE;
  if (n < 0)
    {
      bk_frame_queue_close (queue);
      return FALSE;
    }

  queue->written_bytes += (gsize) n;
  queue->queued_bytes -= (gsize) n;
  if (queue->written_bytes < length_bytes)
    return FALSE;
  g_bytes_unref (g_queue_pop_head (&queue->frames));
  queue->queued_bytes -= FRAME_COST_BYTES;
  queue->written_bytes = 0;
  return !g_queue_is_empty (&queue->frames);
}

/**
 * bk_frame_queue_write:
 * @fd: non-blocking
 * @writes_max_count: of write(), so that others have their turn
 *
 * Writes what @fd takes at once.
 *
 * Returns: %FALSE once the queue is closed, as it is by an error of @fd.
 */
gboolean
bk_frame_queue_write (BkFrameQueue *queue, int fd, guint writes_max_count)
{
  for (guint i = 0; i < writes_max_count && !g_queue_is_empty (&queue->frames); i++)
    {
      if (!write_some (queue, fd))
        break;
    }
  return !queue->is_closed;
}

gboolean
bk_frame_queue_is_empty (const BkFrameQueue *queue)
{
  return queue->frames.length == 0;
}
