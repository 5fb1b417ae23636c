#pragma once

#include "cli/output-sink.h"

/* --json: one document on standard output, or, where the operation follows, one line a frame. */

#define BK_TYPE_JSON_SINK (bk_json_sink_get_type ())
G_DECLARE_FINAL_TYPE (BkJsonSink, bk_json_sink, BK, JSON_SINK, BkOutputSink)

BkOutputSink *bk_json_sink_new (gboolean follows);
