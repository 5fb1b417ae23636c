#pragma once

#include <gio/gio.h>

/*
 * Frames on their way out, in the order in which they came in. It has no bound of its own: whoever
 * fills it looks at queued_bytes.
 */

typedef struct
{
  GQueue frames;       /* of GBytes */
  gsize queued_bytes;  /* what the frames take, without what was written of the first */
  gsize written_bytes; /* of the first */
  gboolean is_closed;  /* nobody takes them any more */
} BkFrameQueue;

void bk_frame_queue_init (BkFrameQueue *queue);
void bk_frame_queue_close (BkFrameQueue *queue);
gboolean bk_frame_queue_push (BkFrameQueue *queue, GBytes *frame);
gboolean bk_frame_queue_write (BkFrameQueue *queue, int fd, guint writes_max_count);
gboolean bk_frame_queue_is_empty (const BkFrameQueue *queue);
