#include "cockpit/channel-sink-private.h"

#include "base/error.h"
#include "base/gettext.h"
#include "cockpit/frames.h"

static void sink_iface_init (BkSinkInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BkChannelSink,
                               bk_channel_sink,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BK_TYPE_SINK, sink_iface_init))

static void
bk_channel_sink_init (BkChannelSink *self)
{
}

static void
bk_channel_sink_finalize (GObject *object)
{
  BkChannelSink *self = BK_CHANNEL_SINK (object);

  bk_gather_clear (&self->gather);
  g_free (self->channel);
  G_OBJECT_CLASS (bk_channel_sink_parent_class)->finalize (object);
}

static void
bk_channel_sink_class_init (BkChannelSinkClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bk_channel_sink_finalize;
}

/**
 * bk_channel_sink_new:
 * @transport: outlives the sink
 * @patience_usecs: after so long without a pong, while the window is closed, the peer is taken for
 *   gone. Cockpit does not say when a download is cancelled: its pongs just stop.
 *
 * Returns: (transfer full): the sink.
 */
BkChannelSink *
bk_channel_sink_new (BkTransport *transport,
                     const char *channel,
                     const BkOpenOptions *options,
                     gint64 patience_usecs)
{
  BkChannelSink *self = g_object_new (BK_TYPE_CHANNEL_SINK, NULL);

  self->transport = transport;
  self->channel = g_strdup (channel);
  self->is_raw = options->is_raw;
  self->gathers = options->gathers && !options->is_raw;
  self->patience_usecs = patience_usecs;
  bk_flow_init (&self->flow, options->has_flow_control, g_get_monotonic_time ());
  return self;
}

void
bk_channel_sink_ready_locked (BkChannelSink *self, gint64 size_hint_bytes)
{
  if (self->is_ready || self->is_closed)
    return;

  JsonObject *message = bk_control_new ("ready", self->channel);
  if (size_hint_bytes >= 0)
    json_object_set_int_member (message, "size-hint", size_hint_bytes);
  bk_transport_control_locked (self->transport, message);
  self->is_ready = TRUE;
}

static void
stop_gathering_locked (BkChannelSink *self)
{
  bk_gather_clear (&self->gather);
  if (self->gather_source != NULL)
    g_source_destroy (self->gather_source);
  g_clear_pointer (&self->gather_source, g_source_unref);
}

static void
close_locked (BkChannelSink *self, const char *problem, const char *text)
{
  if (self->is_closed)
    return;

  stop_gathering_locked (self);
  JsonObject *message = bk_control_new ("close", self->channel);
  if (problem != NULL)
    json_object_set_string_member (message, "problem", problem);
  if (text != NULL)
    json_object_set_string_member (message, "message", text);
  bk_transport_control_locked (self->transport, message);
  self->is_closed = TRUE;
  bk_transport_wake_locked (self->transport);
}

gboolean
bk_channel_sink_set_gone (GError **error)
{
  bk_set_error (error, BK_ERROR_CANCELLED, "The channel was closed");
  return FALSE;
}

static void
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  BkTransport *transport = user_data;

  bk_transport_lock (transport);
  bk_transport_wake_locked (transport);
  bk_transport_unlock (transport);
}

static gboolean
has_room_locked (BkChannelSink *self)
{
  return bk_flow_room_bytes (&self->flow) > 0 && bk_transport_has_room_locked (self->transport);
}

/* Sleeps while there is no room. */
static gboolean
await_room_locked (BkChannelSink *self, GCancellable *cancellable, GError **error)
{
  while (!self->is_closed && !g_cancellable_is_cancelled (cancellable) && !has_room_locked (self))
    {
      gboolean is_window_closed = bk_flow_room_bytes (&self->flow) == 0;
      gint64 end_usecs = self->flow.heard_usecs + self->patience_usecs;

      /* A full queue is for the peer's bridge to empty: that has no limit in time. */
      if (!is_window_closed)
        end_usecs = g_get_monotonic_time () + self->patience_usecs;
      if (!bk_transport_wait_until_locked (self->transport, end_usecs) && is_window_closed &&
          bk_flow_room_bytes (&self->flow) == 0 &&
          g_get_monotonic_time () >= self->flow.heard_usecs + self->patience_usecs)
        close_locked (self, "timeout", _ ("The receiver has stopped taking data"));
    }
  if (self->is_closed)
    return bk_channel_sink_set_gone (error);
  return !g_cancellable_set_error_if_cancelled (cancellable, error);
}

gboolean
bk_channel_sink_await_room (BkChannelSink *self, GCancellable *cancellable, GError **error)
{
  bk_transport_lock (self->transport);
  gboolean has_room = !self->is_closed && has_room_locked (self);
  bk_transport_unlock (self->transport);
  if (has_room && !g_cancellable_is_cancelled (cancellable))
    return TRUE;

  gulong handler = 0;
  if (cancellable != NULL)
    handler = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), self->transport, NULL);
  bk_transport_lock (self->transport);
  gboolean may_go_on = await_room_locked (self, cancellable, error);
  bk_transport_unlock (self->transport);
  g_cancellable_disconnect (cancellable, handler);
  return may_go_on;
}

/* @frame: (transfer full): with so many bytes of payload */
void
bk_channel_sink_queue_locked (BkChannelSink *self, GBytes *frame, gsize length_bytes)
{
  bk_transport_queue_locked (self->transport, frame);
  if (!bk_flow_sent (&self->flow, length_bytes))
    return;

  JsonObject *ping = bk_control_new ("ping", self->channel);
  json_object_set_int_member (ping, "sequence", (gint64) self->flow.sent_bytes);
  bk_transport_control_locked (self->transport, ping);
}

/* @frame: (transfer full): with so many bytes of payload */
gboolean
bk_channel_sink_send_frame (
    BkChannelSink *self, GBytes *frame, gsize length_bytes, gint64 size_hint_bytes, GError **error)
{
  g_autoptr (GBytes) owned = frame;

  bk_transport_lock (self->transport);
  gboolean is_closed = self->is_closed;
  if (!is_closed)
    {
      bk_channel_sink_ready_locked (self, size_hint_bytes);
      bk_channel_sink_queue_locked (self, g_steal_pointer (&owned), length_bytes);
    }
  bk_transport_unlock (self->transport);
  return !is_closed || bk_channel_sink_set_gone (error);
}

/* How much of @wanted_bytes may be sent. Only this thread makes it less. */
static gsize
window_bytes (BkChannelSink *self, gsize wanted_bytes)
{
  bk_transport_lock (self->transport);
  gsize room_bytes = bk_flow_room_bytes (&self->flow);
  bk_transport_unlock (self->transport);
  return MIN (wanted_bytes, room_bytes);
}

/* Full frames: Cockpit's bridge, cockpit-ws and the browser have work with each. Memory is taken
 * for one only when there is room, so that streams that wait hold none. */
static gboolean
stream_frames (BkChannelSink *self,
               GInputStream *bytes,
               gsize payload_bytes,
               gint64 size_hint_bytes,
               GCancellable *cancellable,
               GError **error)
{
  while (TRUE)
    {
      g_auto (BkFrameDraft) draft = { 0 };
      g_autoptr (GError) failure = NULL;
      gsize length_bytes = 0;

      if (!bk_channel_sink_await_room (self, cancellable, error))
        return FALSE;
      gsize wanted_bytes = window_bytes (self, payload_bytes);
      bk_frame_draft_init (&draft, self->channel, wanted_bytes);
      g_input_stream_read_all (bytes, draft.payload, wanted_bytes, &length_bytes, cancellable,
                               &failure);
      if (length_bytes > 0 &&
          !bk_channel_sink_send_frame (self, bk_frame_draft_finish (&draft, length_bytes),
                                       length_bytes, size_hint_bytes, error))
        return FALSE;
      if (failure != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&failure));
          return FALSE;
        }
      if (length_bytes < wanted_bytes)
        return TRUE;
    }
}

static gboolean
sink_stream (BkSink *sink,
             GInputStream *bytes,
             const char *file_name,
             gint64 size_hint_bytes,
             GCancellable *cancellable,
             GError **error)
{
  BkChannelSink *self = BK_CHANNEL_SINK (sink);

  if (!self->is_raw)
    {
      bk_set_error (error, BK_ERROR_UNSUPPORTED, "These bytes need a channel with “binary”: “raw”");
      return FALSE;
    }

  gsize payload_bytes = bk_transport_begin_stream (self->transport);
  gboolean success =
      stream_frames (self, bytes, payload_bytes, size_hint_bytes, cancellable, error);
  bk_transport_end_stream (self->transport, payload_bytes);
  return success;
}

static void
sink_iface_init (BkSinkInterface *iface)
{
  iface->emit = bk_channel_sink_emit;
  iface->stream = sink_stream;
}

/**
 * bk_channel_sink_ready:
 *
 * Says that the channel is open, unless that was said.
 */
void
bk_channel_sink_ready (BkChannelSink *sink)
{
  bk_transport_lock (sink->transport);
  bk_channel_sink_ready_locked (sink, -1);
  bk_transport_unlock (sink->transport);
}

/**
 * bk_channel_sink_finish:
 *
 * The orderly end: ready, if nothing went out before, done, close.
 */
void
bk_channel_sink_finish (BkChannelSink *sink)
{
  bk_transport_lock (sink->transport);
  bk_channel_sink_ready_locked (sink, -1);
  bk_channel_sink_send_gathered_locked (sink);
  if (!sink->is_closed)
    bk_transport_control_locked (sink->transport, bk_control_new ("done", sink->channel));
  close_locked (sink, NULL, NULL);
  bk_transport_unlock (sink->transport);
}

/**
 * bk_channel_sink_close:
 * @problem: (nullable): why; %NULL answers a close of the peer
 * @message: (nullable): one line for people
 *
 * Ends the channel without "done". Does nothing when it is closed already.
 */
void
bk_channel_sink_close (BkChannelSink *sink, const char *problem, const char *message)
{
  bk_transport_lock (sink->transport);
  if (problem != NULL)
    bk_channel_sink_send_gathered_locked (sink);
  close_locked (sink, problem, message);
  bk_transport_unlock (sink->transport);
}

/**
 * bk_channel_sink_is_closed:
 *
 * Returns: whether the channel was closed; what is sent after that goes nowhere. Any thread may
 *   ask.
 */
gboolean
bk_channel_sink_is_closed (BkChannelSink *sink)
{
  bk_transport_lock (sink->transport);
  gboolean is_closed = sink->is_closed;
  bk_transport_unlock (sink->transport);
  return is_closed;
}

/**
 * bk_channel_sink_pong:
 * @sequence_bytes: hostile until checked
 *
 * Returns: whether it can answer a ping of ours.
 */
gboolean
bk_channel_sink_pong (BkChannelSink *sink, gint64 sequence_bytes)
{
  bk_transport_lock (sink->transport);
  gboolean is_good = bk_flow_pong (&sink->flow, sequence_bytes, g_get_monotonic_time ());
  bk_transport_wake_locked (sink->transport);
  bk_transport_unlock (sink->transport);
  return is_good;
}

/**
 * bk_channel_sink_control:
 * @message: (transfer full): about this channel; dropped when it is closed
 */
void
bk_channel_sink_control (BkChannelSink *sink, JsonObject *message)
{
  bk_transport_lock (sink->transport);
  if (sink->is_closed)
    json_object_unref (message);
  else
    bk_transport_control_locked (sink->transport, message);
  bk_transport_unlock (sink->transport);
}
