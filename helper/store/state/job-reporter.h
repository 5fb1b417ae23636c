#pragma once

#include "base/reporter.h"
#include "store/log/file.h"
#include "store/state/job-store.h"

/*
 * The reporter of a running job: each entry becomes a line of its project's log (and of the
 * journal), progress becomes the job's record, written at most twice a second. Both go on to a
 * second reporter, if there is one. May be called from any thread.
 */

/* Returns the time, in microseconds since 1970. */
typedef gint64 (*BkClockFunc) (void);

#define BK_TYPE_JOB_REPORTER (bk_job_reporter_get_type ())
G_DECLARE_FINAL_TYPE (BkJobReporter, bk_job_reporter, BK, JOB_REPORTER, GObject)

BkJobReporter *bk_job_reporter_new (BkJobStore *store,
                                    BkJob *job,
                                    int log_dirfd,
                                    BkLogLevel min_level,
                                    BkReporter *next,
                                    BkClockFunc clock);

gboolean bk_job_reporter_begin (BkJobReporter *reporter, GError **error);
gboolean bk_job_reporter_end (BkJobReporter *reporter,
                              JsonNode *result,
                              const GError *failure,
                              GError **error);
JsonNode *bk_job_reporter_get_view (BkJobReporter *reporter);
