#pragma once

#include "api/operation.h"

/* Results as text for people, on standard output. */

#define BK_TYPE_TEXT_SINK (bk_text_sink_get_type ())
G_DECLARE_FINAL_TYPE (BkTextSink, bk_text_sink, BK, TEXT_SINK, GObject)

BkTextSink *
bk_text_sink_new (const BkOperation *operation, gboolean follows, const char *output_path);
gboolean bk_text_sink_finish (BkTextSink *sink, GError **error);
gboolean bk_text_sink_has_warnings (BkTextSink *sink);
