#include "cockpit/channel-sink.h"

#include "base/error.h"
#include "cockpit/channel-text.h"
#include "cockpit/frames.h"

struct _BkChannelSink
{
  GObject parent_instance;

  BkChannelOut out;
  BkChannelTextWay way;
  gboolean is_raw;
};

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

  bk_channel_out_clear (&self->out);
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

  self->is_raw = options->is_raw;
  self->way = options->is_raw    ? BK_CHANNEL_TEXT_LINES
              : options->gathers ? BK_CHANNEL_TEXT_GATHERED
                                 : BK_CHANNEL_TEXT_FRAMES;
  bk_channel_out_init (&self->out, G_OBJECT (self), transport, channel, patience_usecs,
                       options->has_flow_control);
  return self;
}

/* How much of @wanted_bytes may be sent. Only this thread makes it less. */
static gsize
window_bytes (BkChannelOut *out, gsize wanted_bytes)
{
  bk_transport_lock (out->transport);
  gsize room_bytes = bk_flow_room_bytes (&out->flow);
  bk_transport_unlock (out->transport);
  return MIN (wanted_bytes, room_bytes);
}

/* Full frames: Cockpit's bridge, cockpit-ws and the browser have work with each. Memory is taken
 * for one only when there is room, so that streams that wait hold none. */
static gboolean
stream_frames (BkChannelOut *out,
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

      if (!bk_channel_out_await_room (out, cancellable, error))
        return FALSE;
      gsize wanted_bytes = window_bytes (out, payload_bytes);
      bk_frame_draft_init (&draft, out->channel, wanted_bytes);
      g_input_stream_read_all (bytes, draft.payload, wanted_bytes, &length_bytes, cancellable,
                               &failure);
      if (length_bytes > 0 &&
          !bk_channel_out_send_frame (out, bk_frame_draft_finish (&draft, length_bytes),
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

  gsize payload_bytes = bk_transport_begin_stream (self->out.transport);
  gboolean success =
      stream_frames (&self->out, bytes, payload_bytes, size_hint_bytes, cancellable, error);
  bk_transport_end_stream (self->out.transport, payload_bytes);
  return success;
}

static gboolean
sink_emit (
    BkSink *sink, BkSinkKind kind, JsonNode *value, GCancellable *cancellable, GError **error)
{
  BkChannelSink *self = BK_CHANNEL_SINK (sink);

  return bk_channel_text_send (&self->out, self->way, kind, value, cancellable, error);
}

static void
sink_iface_init (BkSinkInterface *iface)
{
  iface->emit = sink_emit;
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
  bk_transport_lock (sink->out.transport);
  bk_channel_out_ready_locked (&sink->out, -1);
  bk_transport_unlock (sink->out.transport);
}

/**
 * bk_channel_sink_finish:
 *
 * The orderly end: ready, if nothing went out before, done, close.
 */
void
bk_channel_sink_finish (BkChannelSink *sink)
{
  bk_transport_lock (sink->out.transport);
  bk_channel_out_ready_locked (&sink->out, -1);
  bk_channel_text_flush_locked (&sink->out);
  if (!sink->out.is_closed)
    bk_transport_control_locked (sink->out.transport, bk_control_new ("done", sink->out.channel));
  bk_channel_out_close_locked (&sink->out, NULL, NULL);
  bk_transport_unlock (sink->out.transport);
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
  bk_transport_lock (sink->out.transport);
  if (problem != NULL)
    bk_channel_text_flush_locked (&sink->out);
  bk_channel_out_close_locked (&sink->out, problem, message);
  bk_transport_unlock (sink->out.transport);
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
  bk_transport_lock (sink->out.transport);
  gboolean is_closed = sink->out.is_closed;
  bk_transport_unlock (sink->out.transport);
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
  bk_transport_lock (sink->out.transport);
  gboolean is_good = bk_flow_pong (&sink->out.flow, sequence_bytes, g_get_monotonic_time ());
  bk_transport_wake_locked (sink->out.transport);
  bk_transport_unlock (sink->out.transport);
  return is_good;
}

/**
 * bk_channel_sink_control:
 * @message: (transfer full): about this channel; dropped when it is closed
 */
void
bk_channel_sink_control (BkChannelSink *sink, JsonObject *message)
{
  bk_transport_lock (sink->out.transport);
  if (sink->out.is_closed)
    json_object_unref (message);
  else
    bk_transport_control_locked (sink->out.transport, message);
  bk_transport_unlock (sink->out.transport);
}
