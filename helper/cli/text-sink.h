#pragma once

#include "api/operation.h"
#include "cli/output-sink.h"

/* Results as text for people, on standard output. */

#define BK_TYPE_TEXT_SINK (bk_text_sink_get_type ())
G_DECLARE_FINAL_TYPE (BkTextSink, bk_text_sink, BK, TEXT_SINK, BkOutputSink)

BkOutputSink *bk_text_sink_new (const BkOperation *operation, gboolean follows);
