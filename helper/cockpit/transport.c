#include "cockpit/transport.h"

#include "base/error.h"
#include "base/fd.h"
#include "cockpit/control.h"
#include "cockpit/frame-queue.h"
#include "cockpit/frames.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>

/* Threads wait above the first; above the second nothing more is read, so that a peer who asks but
 * never takes the answers cannot fill our memory; the third is for one whom nobody knows yet. */
#define QUEUE_FULL_BYTES (1024 * 1024)
#define QUEUE_MAX_BYTES (4 * 1024 * 1024)
#define QUEUE_STRANGER_MAX_BYTES (64 * 1024)

/* So many streams at once have large frames; each holds one while it is filled. */
#define LARGE_STREAMS_MAX_COUNT 4

/* Of a pipe to the peer: a stream's frames fit, and each side is woken less often. */
#define PIPE_BYTES (1024 * 1024)

#define READ_BYTES (64 * 1024)
#define WRITES_AT_ONCE 16

struct _BkTransport
{
  int in_fd;
  int out_fd;
  BkFrameReader *reader;
  gsize queue_max_bytes; /* above it nothing is read */
  BkTransportHandlers handlers;
  GSource *in_source; /* (nullable): while we read */
  gboolean in_ended;
  gboolean no_frames; /* what comes in is thrown away */
  gboolean is_held;   /* nothing is read: whoever takes the frames has no room for more */

  GMutex lock;
  GCond changed;
  BkFrameQueue queue;
  GSource *out_source; /* (nullable): while something is queued */
  guint large_streams_count;
};

/**
 * bk_transport_new:
 * @in_fd: (transfer full): frames come in here
 * @out_fd: (transfer full): frames go out here; it is made non-blocking
 * @frame_max_bytes: of a frame that comes in
 */
BkTransport *
bk_transport_new (int in_fd, int out_fd, gsize frame_max_bytes)
{
  BkTransport *self = g_new0 (BkTransport, 1);

  self->in_fd = in_fd;
  self->out_fd = out_fd;
  self->queue_max_bytes = QUEUE_MAX_BYTES;
  self->reader = bk_frame_reader_new (frame_max_bytes);
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  bk_frame_queue_init (&self->queue);
  g_unix_set_fd_nonblocking (out_fd, TRUE, NULL);
  /* A socket has no such size, and a user's pipes have a limit: then it stays as it is. */
  if (fcntl (out_fd, F_SETPIPE_SZ, PIPE_BYTES) < 0)
    g_debug ("The pipe keeps its size: %s", bk_error_reason (errno));
  return self;
}

static void
drop_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

/**
 * bk_transport_free:
 *
 * No thread may use @transport any more.
 */
void
bk_transport_free (BkTransport *transport)
{
  drop_source (&transport->in_source);
  drop_source (&transport->out_source);
  bk_frame_queue_close (&transport->queue);
  bk_frame_reader_free (transport->reader);
  g_mutex_clear (&transport->lock);
  g_cond_clear (&transport->changed);
  bk_fd_clear (&transport->in_fd);
  bk_fd_clear (&transport->out_fd);
  g_free (transport);
}

static void
hand_out_frames (BkTransport *self)
{
  while (!self->no_frames && !self->in_ended)
    {
      g_auto (BkFrame) frame = { 0 };
      g_autoptr (GError) error = NULL;

      switch (bk_frame_reader_next (self->reader, &frame, &error))
        {
        case BK_FRAME_NONE:
          return;
        case BK_FRAME_BROKEN:
          self->no_frames = TRUE;
          self->handlers.end (error, self->handlers.user_data);
          return;
        case BK_FRAME_WHOLE:
        default:
          self->handlers.frame (frame.channel, frame.payload, self->handlers.user_data);
        }
    }
}

static void
end_of_stream (BkTransport *self)
{
  g_autoptr (GError) error = NULL;

  self->in_ended = TRUE;
  drop_source (&self->in_source);
  if (!self->no_frames && !bk_frame_reader_is_empty (self->reader))
    {
      bk_set_error (&error, BK_ERROR_USAGE, "A broken frame came in: it is cut off");
      self->handlers.end (error, self->handlers.user_data);
    }
  self->handlers.end (NULL, self->handlers.user_data);
}

/* Returns whether there may be more. */
static gboolean
read_once (BkTransport *self)
{
  guint8 buffer[READ_BYTES];
  ssize_t n = read (self->in_fd, buffer, sizeof buffer);

  if (n < 0 && (errno == EINTR || errno == EAGAIN))
    return TRUE;
  if (n <= 0)
    {
      end_of_stream (self);
      return FALSE;
    }
  if (self->no_frames)
    return TRUE;
  bk_frame_reader_push (self->reader, buffer, (gsize) n);
  hand_out_frames (self);
  return !self->in_ended;
}

static gboolean
on_readable (int fd, GIOCondition condition, gpointer user_data)
{
  BkTransport *self = user_data;

  bk_transport_lock (self);
  gboolean too_much = self->queue.queued_bytes > self->queue_max_bytes;
  bk_transport_unlock (self);
  if (too_much)
    {
      drop_source (&self->in_source);
      return G_SOURCE_REMOVE;
    }
  return read_once (self) && self->in_source != NULL ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void
watch_input (BkTransport *self)
{
  if (self->in_source != NULL || self->in_ended || self->is_held)
    return;
  self->in_source = g_unix_fd_source_new (self->in_fd, G_IO_IN | G_IO_HUP | G_IO_ERR);
  g_source_set_callback (self->in_source, G_SOURCE_FUNC (on_readable), self, NULL);
  g_source_attach (self->in_source, NULL);
}

/**
 * bk_transport_start:
 *
 * Begins to read, in the default main context.
 */
void
bk_transport_start (BkTransport *transport, const BkTransportHandlers *handlers)
{
  transport->handlers = *handlers;
  watch_input (transport);
}

/**
 * bk_transport_stop_frames:
 *
 * From now on only the end of what comes in is looked for.
 */
void
bk_transport_stop_frames (BkTransport *transport)
{
  transport->no_frames = TRUE;
}

/**
 * bk_transport_hold:
 *
 * Stops reading, and begins again. Frames that were read already still come.
 */
void
bk_transport_hold (BkTransport *transport, gboolean holds)
{
  transport->is_held = holds;
  if (holds)
    drop_source (&transport->in_source);
  else
    watch_input (transport);
}

static gboolean
has_hung_up (int fd)
{
  struct pollfd look = { .fd = fd };

  return poll (&look, 1, 0) > 0 && (look.revents & (POLLHUP | POLLERR)) != 0;
}

/**
 * bk_transport_hear_end:
 *
 * Of a peer that has gone, hands out now what it still said, held or not, and then its end. The end's
 * handler does not free @transport.
 */
void
bk_transport_hear_end (BkTransport *transport)
{
  while (!transport->in_ended && has_hung_up (transport->in_fd) && read_once (transport))
    continue;
}

static gboolean
on_writable (int fd, GIOCondition condition, gpointer user_data)
{
  BkTransport *self = user_data;

  bk_transport_lock (self);
  gboolean was_full = self->queue.queued_bytes >= QUEUE_FULL_BYTES;
  gboolean is_open = bk_frame_queue_write (&self->queue, self->out_fd, WRITES_AT_ONCE);
  if (!is_open || (was_full && self->queue.queued_bytes < QUEUE_FULL_BYTES))
    g_cond_broadcast (&self->changed);
  gboolean is_drained = bk_frame_queue_is_empty (&self->queue);
  gboolean may_read = self->queue.queued_bytes < MIN (QUEUE_FULL_BYTES, self->queue_max_bytes);
  if (is_drained)
    drop_source (&self->out_source);
  bk_transport_unlock (self);

  if (may_read)
    watch_input (self);
  if (is_drained && self->handlers.drained != NULL)
    self->handlers.drained (self->handlers.user_data, NULL);
  return is_drained ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

/**
 * bk_transport_trust:
 * @trusts: whether the peer may keep answers waiting as Cockpit's own do
 */
void
bk_transport_trust (BkTransport *transport, gboolean trusts)
{
  transport->queue_max_bytes = trusts ? QUEUE_MAX_BYTES : QUEUE_STRANGER_MAX_BYTES;
}

/**
 * bk_transport_cut:
 *
 * Closes both sides at once. Threads may go on to send: it goes nowhere. No handler is called any more.
 */
void
bk_transport_cut (BkTransport *transport)
{
  transport->no_frames = TRUE;
  transport->in_ended = TRUE;
  drop_source (&transport->in_source);
  bk_transport_lock (transport);
  drop_source (&transport->out_source);
  bk_frame_queue_close (&transport->queue);
  g_cond_broadcast (&transport->changed);
  bk_transport_unlock (transport);
  bk_fd_clear (&transport->in_fd);
  bk_fd_clear (&transport->out_fd);
}

/**
 * bk_transport_lock:
 *
 * Guards the queue and what the threads share about channels; held for moments only.
 */
void
bk_transport_lock (BkTransport *transport)
{
  g_mutex_lock (&transport->lock);
}

void
bk_transport_unlock (BkTransport *transport)
{
  g_mutex_unlock (&transport->lock);
}

/**
 * bk_transport_has_room_locked:
 *
 * Returns: whether a thread may queue one more frame.
 */
gboolean
bk_transport_has_room_locked (BkTransport *transport)
{
  return transport->queue.queued_bytes < QUEUE_FULL_BYTES;
}

/**
 * bk_transport_wait_until_locked:
 * @end_usecs: of g_get_monotonic_time()
 *
 * Sleeps until something has changed. Returns: %FALSE when that time has come first.
 */
gboolean
bk_transport_wait_until_locked (BkTransport *transport, gint64 end_usecs)
{
  return g_cond_wait_until (&transport->changed, &transport->lock, end_usecs);
}

/**
 * bk_transport_wake_locked:
 *
 * Lets every sleeping thread look again.
 */
void
bk_transport_wake_locked (BkTransport *transport)
{
  g_cond_broadcast (&transport->changed);
}

/**
 * bk_transport_begin_stream:
 *
 * Returns: how many bytes go into each of its frames; for bk_transport_end_stream().
 */
gsize
bk_transport_begin_stream (BkTransport *transport)
{
  bk_transport_lock (transport);
  gboolean is_large = transport->large_streams_count < LARGE_STREAMS_MAX_COUNT;
  if (is_large)
    transport->large_streams_count++;
  bk_transport_unlock (transport);
  return is_large ? BK_FRAME_PAYLOAD_BYTES : BK_FRAME_SMALL_PAYLOAD_BYTES;
}

/**
 * bk_transport_end_stream:
 * @payload_bytes: what bk_transport_begin_stream() gave
 */
void
bk_transport_end_stream (BkTransport *transport, gsize payload_bytes)
{
  bk_transport_lock (transport);
  if (payload_bytes == BK_FRAME_PAYLOAD_BYTES)
    transport->large_streams_count--;
  bk_transport_unlock (transport);
}

/**
 * bk_transport_queue_locked:
 * @frame: (transfer full): the bytes of one frame
 *
 * Queues it, room or not; may be called in any thread. What the peer's buffer takes is written at
 * once: the main loop is woken for the rest only.
 */
void
bk_transport_queue_locked (BkTransport *transport, GBytes *frame)
{
  gboolean was_empty = bk_frame_queue_is_empty (&transport->queue);

  if (!bk_frame_queue_push (&transport->queue, frame))
    return;
  if (was_empty && !bk_frame_queue_write (&transport->queue, transport->out_fd, 1))
    g_cond_broadcast (&transport->changed);
  if (bk_frame_queue_is_empty (&transport->queue) || transport->out_source != NULL)
    return;
  transport->out_source = g_unix_fd_source_new (transport->out_fd, G_IO_OUT | G_IO_HUP | G_IO_ERR);
  g_source_set_callback (transport->out_source, G_SOURCE_FUNC (on_writable), transport, NULL);
  g_source_attach (transport->out_source, NULL);
}

/**
 * bk_transport_send_locked:
 * @channel: "" for a control message
 *
 * Queues one frame, as bk_transport_queue_locked() does.
 */
void
bk_transport_send_locked (BkTransport *transport,
                          const char *channel,
                          const void *payload,
                          gsize length_bytes)
{
  bk_transport_queue_locked (transport, bk_frame_encode (channel, payload, length_bytes));
}

/**
 * bk_transport_control_locked:
 * @message: (transfer full)
 */
void
bk_transport_control_locked (BkTransport *transport, JsonObject *message)
{
  g_autoptr (JsonObject) owned = message;
  g_autofree char *text = bk_control_to_text (owned);

  bk_transport_send_locked (transport, "", text, strlen (text));
}

/**
 * bk_transport_is_drained:
 *
 * Returns: whether all that was sent is written, or nobody takes it any more.
 */
gboolean
bk_transport_is_drained (BkTransport *transport)
{
  bk_transport_lock (transport);
  gboolean is_drained = bk_frame_queue_is_empty (&transport->queue);
  bk_transport_unlock (transport);
  return is_drained;
}
