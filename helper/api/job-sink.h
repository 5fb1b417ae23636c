#pragma once

#include "api/sink.h"

/*
 * The sink of an operation that runs as a job: it keeps the result for the job's record. Whatever
 * else an operation may say goes to who watches in the foreground, if someone does.
 */

#define BK_TYPE_JOB_SINK (bk_job_sink_get_type ())
G_DECLARE_FINAL_TYPE (BkJobSink, bk_job_sink, BK, JOB_SINK, GObject)

BkJobSink *bk_job_sink_new (BkSink *watcher);
JsonNode *bk_job_sink_result (BkJobSink *sink);
