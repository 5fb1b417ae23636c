#include "cockpit/channel-sink-private.h"

#include "base/error.h"
#include "base/quantity.h"
#include "cockpit/frames.h"
#include "format/json.h"

#include <string.h>

/**
 * bk_channel_sink_send_gathered_locked:
 *
 * Sends what was kept back. Called with the transport's lock held.
 *
 * Returns: whether anything was.
 */
gboolean
bk_channel_sink_send_gathered_locked (BkChannelSink *self)
{
  gsize length_bytes;
  g_autofree char *lines = bk_gather_take (&self->gather, &length_bytes);

  if (lines != NULL)
    bk_channel_sink_queue_locked (self, bk_frame_encode (self->channel, lines, length_bytes),
                                  length_bytes);
  return lines != NULL;
}

static gboolean
on_gathered (gpointer user_data)
{
  BkChannelSink *self = user_data;

  bk_transport_lock (self->transport);
  gboolean goes_on = !self->is_closed && bk_channel_sink_send_gathered_locked (self);
  if (!goes_on)
    g_clear_pointer (&self->gather_source, g_source_unref);
  bk_transport_unlock (self->transport);
  return goes_on;
}

static gboolean
gather_line (BkChannelSink *self, const char *line, gsize length_bytes, GError **error)
{
  bk_transport_lock (self->transport);
  gboolean is_closed = self->is_closed;
  if (!is_closed)
    {
      bk_channel_sink_ready_locked (self, -1);
      if (!bk_gather_has_room (&self->gather, length_bytes))
        bk_channel_sink_send_gathered_locked (self);
      bk_gather_add (&self->gather, line, length_bytes);
      if (self->gather_source == NULL)
        {
          bk_channel_sink_send_gathered_locked (self);
          self->gather_source = g_timeout_source_new (BK_GATHER_MSECS);
          g_source_set_callback (self->gather_source, on_gathered, g_object_ref (self),
                                 g_object_unref);
          g_source_attach (self->gather_source, NULL);
        }
    }
  bk_transport_unlock (self->transport);
  return !is_closed || bk_channel_sink_set_gone (error);
}

/**
 * bk_channel_sink_emit:
 *
 * The emit() of a sink, on a channel: an object goes out in a frame of its own, or, where the peer
 * takes several in one, with those that come shortly after it.
 *
 * Errors: %BK_ERROR_FAILED for an object that is too long; %BK_ERROR_CANCELLED once the channel is
 *   closed.
 */
gboolean
bk_channel_sink_emit (
    BkSink *sink, BkSinkKind kind, JsonNode *value, GCancellable *cancellable, GError **error)
{
  BkChannelSink *self = BK_CHANNEL_SINK (sink);
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  json_object_set_member (object, bk_sink_kind_to_string (kind), json_node_copy (value));
  json_node_set_object (node, object);
  g_autofree char *text = bk_json_to_text (node, FALSE);
  /* Over HTTP the frames run together: there each ends its line. */
  g_autofree char *line = self->is_raw ? g_strconcat (text, "\n", NULL) : g_steal_pointer (&text);
  gsize length_bytes = strlen (line);

  if (length_bytes > BK_FRAME_JSON_MAX_BYTES)
    {
      bk_set_error (error, BK_ERROR_FAILED,
                    "An answer of %s bytes is too long for one frame; ask for less",
                    BK_NUMBER (length_bytes));
      return FALSE;
    }
  if (!bk_channel_sink_await_room (self, cancellable, error))
    return FALSE;
  if (self->gathers)
    return gather_line (self, line, length_bytes, error);
  return bk_channel_sink_send_frame (self, bk_frame_encode (self->channel, line, length_bytes),
                                     length_bytes, -1, error);
}
