#pragma once

#include "api/sink.h"
#include "store/state/job-reporter.h"

/*
 * Who watches a job in the foreground: the frames that a follower of a detached one would get,
 * `log` for each line and `progress` with the job's view at most twice a second.
 */

#define BK_TYPE_SINK_REPORTER (bk_sink_reporter_get_type ())
G_DECLARE_FINAL_TYPE (BkSinkReporter, bk_sink_reporter, BK, SINK_REPORTER, GObject)

BkSinkReporter *bk_sink_reporter_new (BkSink *sink, const char *job_id);
void bk_sink_reporter_set_job (BkSinkReporter *reporter, BkJobReporter *job);
