#include "api/sink.h"

G_DEFINE_INTERFACE (BkSink, bk_sink, G_TYPE_OBJECT)

static const char *const kind_names[] = {
  [BK_SINK_ITEM] = "item",
  [BK_SINK_PROGRESS] = "progress",
  [BK_SINK_LOG] = "log",
  [BK_SINK_RESULT] = "result",
};

static void
bk_sink_default_init (BkSinkInterface *iface)
{
}

const char *
bk_sink_kind_to_string (BkSinkKind kind)
{
  return kind_names[kind];
}

/**
 * bk_sink_emit:
 * @value: (transfer full): one JSON value
 *
 * Blocks while the peer has no room.
 *
 * Errors: %BK_ERROR_CANCELLED, or the peer is gone.
 */
gboolean
bk_sink_emit (
    BkSink *sink, BkSinkKind kind, JsonNode *value, GCancellable *cancellable, GError **error)
{
  g_autoptr (JsonNode) owned = value;

  return BK_SINK_GET_IFACE (sink)->emit (sink, kind, owned, cancellable, error);
}

/**
 * bk_sink_stream:
 * @bytes: read only while the peer has room; an error from it aborts what the peer gets
 * @file_name: what the peer may call it
 * @size_hint_bytes: the whole length when it is known, else -1
 */
gboolean
bk_sink_stream (BkSink *sink,
                GInputStream *bytes,
                const char *file_name,
                gint64 size_hint_bytes,
                GCancellable *cancellable,
                GError **error)
{
  return BK_SINK_GET_IFACE (sink)->stream (sink, bytes, file_name, size_hint_bytes, cancellable,
                                           error);
}
