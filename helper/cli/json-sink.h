#pragma once

#include "api/sink.h"

/* --json: one document on standard output, or, where the operation follows, one line a frame. */

#define BK_TYPE_JSON_SINK (bk_json_sink_get_type ())
G_DECLARE_FINAL_TYPE (BkJsonSink, bk_json_sink, BK, JSON_SINK, GObject)

BkJsonSink *bk_json_sink_new (gboolean follows, const char *output_path);
gboolean bk_json_sink_finish (BkJsonSink *sink, gboolean is_done, GError **error);
gboolean bk_json_sink_has_warnings (BkJsonSink *sink);
