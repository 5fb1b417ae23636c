#pragma once

#include "api/sink.h"

/*
 * What every form of output on the shell does alike: it keeps the result for the end, writes bytes
 * where they were asked for, and knows whether there were warnings. The form is the subclass's.
 */

#define BK_TYPE_OUTPUT_SINK (bk_output_sink_get_type ())
G_DECLARE_DERIVABLE_TYPE (BkOutputSink, bk_output_sink, BK, OUTPUT_SINK, GObject)

struct _BkOutputSinkClass
{
  GObjectClass parent_class;

  gboolean (*take) (BkOutputSink *sink, BkSinkKind kind, JsonNode *value, GError **error);
  gboolean (*finish) (BkOutputSink *sink, gboolean is_done, GError **error);
};

void bk_output_sink_set_path (BkOutputSink *sink, const char *output_path);

JsonNode *bk_output_sink_get_result (BkOutputSink *sink);
const char *bk_output_sink_get_written (BkOutputSink *sink, guint64 *written_bytes);

gboolean bk_output_sink_finish (BkOutputSink *sink, gboolean is_done, GError **error);
gboolean bk_output_sink_has_warnings (BkOutputSink *sink);
