#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

/*
 * Where an operation puts what it has to say: a channel, a terminal, an HTTP answer. An operation
 * runs synchronously in a thread of its own; emit() and stream() block while the peer has no room
 * for more, so that memory stays bounded however slow the peer is, and fail once it is gone.
 */

/* The four kinds of frames, and nothing else: {"item": …}, {"progress": …}, {"log": …},
 * {"result": …}. */
typedef enum
{
  BK_SINK_ITEM,
  BK_SINK_PROGRESS,
  BK_SINK_LOG,
  BK_SINK_RESULT,
} BkSinkKind;

#define BK_TYPE_SINK (bk_sink_get_type ())
G_DECLARE_INTERFACE (BkSink, bk_sink, BK, SINK, GObject)

struct _BkSinkInterface
{
  GTypeInterface parent;

  gboolean (*emit) (
      BkSink *sink, BkSinkKind kind, JsonNode *value, GCancellable *cancellable, GError **error);
  gboolean (*stream) (BkSink *sink,
                      GInputStream *bytes,
                      const char *file_name,
                      gint64 size_hint_bytes,
                      GCancellable *cancellable,
                      GError **error);
};

const char *bk_sink_kind_to_string (BkSinkKind kind);

gboolean bk_sink_emit (
    BkSink *sink, BkSinkKind kind, JsonNode *value, GCancellable *cancellable, GError **error);
gboolean bk_sink_stream (BkSink *sink,
                         GInputStream *bytes,
                         const char *file_name,
                         gint64 size_hint_bytes,
                         GCancellable *cancellable,
                         GError **error);
