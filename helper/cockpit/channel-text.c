#include "cockpit/channel-text.h"

#include "base/error.h"
#include "base/quantity.h"
#include "cockpit/frames.h"
#include "format/json.h"

#include <string.h>

/**
 * bk_channel_text_flush_locked:
 *
 * Sends what was kept back. Called with the transport's lock held.
 *
 * Returns: whether anything was.
 */
gboolean
bk_channel_text_flush_locked (BkChannelOut *out)
{
  gsize length_bytes;
  g_autofree char *lines = bk_gather_take (&out->gather, &length_bytes);

  if (lines != NULL)
    bk_channel_out_queue_locked (out, bk_frame_encode (out->channel, lines, length_bytes),
                                 length_bytes);
  return lines != NULL;
}

static gboolean
on_gathered (gpointer user_data)
{
  BkChannelOut *out = user_data;

  bk_transport_lock (out->transport);
  gboolean goes_on = !out->is_closed && bk_channel_text_flush_locked (out);
  if (!goes_on)
    g_clear_pointer (&out->gather_source, g_source_unref);
  bk_transport_unlock (out->transport);
  return goes_on;
}

static void
release_owner (gpointer user_data)
{
  g_object_unref (((BkChannelOut *) user_data)->owner);
}

static gboolean
gather_line (BkChannelOut *out, const char *line, gsize length_bytes, GError **error)
{
  bk_transport_lock (out->transport);
  gboolean is_closed = out->is_closed;
  if (!is_closed)
    {
      bk_channel_out_ready_locked (out, -1);
      if (!bk_gather_has_room (&out->gather, length_bytes))
        bk_channel_text_flush_locked (out);
      bk_gather_add (&out->gather, line, length_bytes);
      if (out->gather_source == NULL)
        {
          bk_channel_text_flush_locked (out);
          out->gather_source = g_timeout_source_new (BK_GATHER_MSECS);
          g_object_ref (out->owner);
          g_source_set_callback (out->gather_source, on_gathered, out, release_owner);
          g_source_attach (out->gather_source, NULL);
        }
    }
  bk_transport_unlock (out->transport);
  return !is_closed || bk_channel_out_set_gone (error);
}

/**
 * bk_channel_text_send:
 * @way: how the peer takes objects
 *
 * Sends @value as an object with the member @kind.
 *
 * Errors: %BK_ERROR_FAILED for an object that is too long; %BK_ERROR_CANCELLED once the channel is
 *   closed.
 */
gboolean
bk_channel_text_send (BkChannelOut *out,
                      BkChannelTextWay way,
                      BkSinkKind kind,
                      JsonNode *value,
                      GCancellable *cancellable,
                      GError **error)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  json_object_set_member (object, bk_sink_kind_to_string (kind), json_node_copy (value));
  json_node_set_object (node, object);
  g_autofree char *text = bk_json_to_text (node, FALSE);
  /* Over HTTP the frames run together: there each ends its line. */
  g_autofree char *line =
      way == BK_CHANNEL_TEXT_LINES ? g_strconcat (text, "\n", NULL) : g_steal_pointer (&text);
  gsize length_bytes = strlen (line);

  if (length_bytes > BK_FRAME_JSON_MAX_BYTES)
    {
      bk_set_error (error, BK_ERROR_FAILED,
                    "An answer of %s bytes is too long for one frame; ask for less",
                    BK_NUMBER (length_bytes));
      return FALSE;
    }
  if (!bk_channel_out_await_room (out, cancellable, error))
    return FALSE;
  if (way == BK_CHANNEL_TEXT_GATHERED)
    return gather_line (out, line, length_bytes, error);
  return bk_channel_out_send_frame (out, bk_frame_encode (out->channel, line, length_bytes),
                                    length_bytes, -1, error);
}
