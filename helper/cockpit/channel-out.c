/* What goes out on a channel while its window is open: frames, and the end. */
#include "cockpit/channel-out.h"

#include "base/error.h"
#include "base/gettext.h"

/**
 * bk_channel_out_init:
 * @out: of @owner, which is kept while lines wait to be sent
 */
void
bk_channel_out_init (BkChannelOut *out,
                     GObject *owner,
                     BkTransport *transport,
                     const char *channel,
                     gint64 patience_usecs,
                     gboolean has_flow_control)
{
  out->owner = owner;
  out->transport = transport;
  out->channel = g_strdup (channel);
  out->patience_usecs = patience_usecs;
  bk_flow_init (&out->flow, has_flow_control, g_get_monotonic_time ());
}

void
bk_channel_out_clear (BkChannelOut *out)
{
  bk_gather_clear (&out->gather);
  g_clear_pointer (&out->channel, g_free);
}

/**
 * bk_channel_out_ready_locked:
 * @size_hint_bytes: what will be sent; -1 where that is not known
 *
 * Says that the channel is open, unless that was said.
 */
void
bk_channel_out_ready_locked (BkChannelOut *out, gint64 size_hint_bytes)
{
  if (out->is_ready || out->is_closed)
    return;

  JsonObject *message = bk_control_new ("ready", out->channel);
  if (size_hint_bytes >= 0)
    json_object_set_int_member (message, "size-hint", size_hint_bytes);
  bk_transport_control_locked (out->transport, message);
  out->is_ready = TRUE;
}

static void
stop_gathering_locked (BkChannelOut *out)
{
  bk_gather_clear (&out->gather);
  if (out->gather_source != NULL)
    g_source_destroy (out->gather_source);
  g_clear_pointer (&out->gather_source, g_source_unref);
}

/**
 * bk_channel_out_close_locked:
 * @problem: (nullable)
 * @text: (nullable)
 *
 * Ends the channel, once; lines that wait to be sent are not.
 */
void
bk_channel_out_close_locked (BkChannelOut *out, const char *problem, const char *text)
{
  if (out->is_closed)
    return;

  stop_gathering_locked (out);
  JsonObject *message = bk_control_new ("close", out->channel);
  if (problem != NULL)
    json_object_set_string_member (message, "problem", problem);
  if (text != NULL)
    json_object_set_string_member (message, "message", text);
  bk_transport_control_locked (out->transport, message);
  out->is_closed = TRUE;
  bk_transport_wake_locked (out->transport);
}

/**
 * bk_channel_out_set_gone:
 *
 * Returns: %FALSE, with %BK_ERROR_CANCELLED.
 */
gboolean
bk_channel_out_set_gone (GError **error)
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
has_room_locked (BkChannelOut *out)
{
  return bk_flow_room_bytes (&out->flow) > 0 && bk_transport_has_room_locked (out->transport);
}

/* Sleeps while there is no room. */
static gboolean
await_room_locked (BkChannelOut *out, GCancellable *cancellable, GError **error)
{
  while (!out->is_closed && !g_cancellable_is_cancelled (cancellable) && !has_room_locked (out))
    {
      gboolean is_window_closed = bk_flow_room_bytes (&out->flow) == 0;
      gint64 end_usecs = out->flow.heard_usecs + out->patience_usecs;

      /* A full queue is for the peer's bridge to empty: that has no limit in time. */
      if (!is_window_closed)
        end_usecs = g_get_monotonic_time () + out->patience_usecs;
      if (!bk_transport_wait_until_locked (out->transport, end_usecs) && is_window_closed &&
          bk_flow_room_bytes (&out->flow) == 0 &&
          g_get_monotonic_time () >= out->flow.heard_usecs + out->patience_usecs)
        bk_channel_out_close_locked (out, "timeout", _ ("The receiver has stopped taking data"));
    }
  if (out->is_closed)
    return bk_channel_out_set_gone (error);
  return !g_cancellable_set_error_if_cancelled (cancellable, error);
}

/**
 * bk_channel_out_await_room:
 *
 * Waits until something may be sent. Called without the transport's lock.
 *
 * Errors: %BK_ERROR_CANCELLED, also once the channel is closed.
 */
gboolean
bk_channel_out_await_room (BkChannelOut *out, GCancellable *cancellable, GError **error)
{
  bk_transport_lock (out->transport);
  gboolean has_room = !out->is_closed && has_room_locked (out);
  bk_transport_unlock (out->transport);
  if (has_room && !g_cancellable_is_cancelled (cancellable))
    return TRUE;

  gulong handler = 0;
  if (cancellable != NULL)
    handler = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), out->transport, NULL);
  bk_transport_lock (out->transport);
  gboolean may_go_on = await_room_locked (out, cancellable, error);
  bk_transport_unlock (out->transport);
  g_cancellable_disconnect (cancellable, handler);
  return may_go_on;
}

/**
 * bk_channel_out_queue_locked:
 * @frame: (transfer full)
 * @length_bytes: of its payload
 */
void
bk_channel_out_queue_locked (BkChannelOut *out, GBytes *frame, gsize length_bytes)
{
  bk_transport_queue_locked (out->transport, frame);
  if (!bk_flow_sent (&out->flow, length_bytes))
    return;

  JsonObject *ping = bk_control_new ("ping", out->channel);
  json_object_set_int_member (ping, "sequence", (gint64) out->flow.sent_bytes);
  bk_transport_control_locked (out->transport, ping);
}

/**
 * bk_channel_out_send_frame:
 * @frame: (transfer full)
 * @length_bytes: of its payload
 *
 * Sends it, after “ready” if that was not said. Called without the transport's lock.
 *
 * Errors: %BK_ERROR_CANCELLED once the channel is closed.
 */
gboolean
bk_channel_out_send_frame (
    BkChannelOut *out, GBytes *frame, gsize length_bytes, gint64 size_hint_bytes, GError **error)
{
  g_autoptr (GBytes) owned = frame;

  bk_transport_lock (out->transport);
  gboolean is_closed = out->is_closed;
  if (!is_closed)
    {
      bk_channel_out_ready_locked (out, size_hint_bytes);
      bk_channel_out_queue_locked (out, g_steal_pointer (&owned), length_bytes);
    }
  bk_transport_unlock (out->transport);
  return !is_closed || bk_channel_out_set_gone (error);
}
