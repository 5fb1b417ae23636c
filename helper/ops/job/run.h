#pragma once

#include "model/settings.h"
#include "store/state/job-reporter.h"

/*
 * The inside of a job: from the moment its process holds its lock until it has recorded how it
 * ended. It stops, by its cancellable, when it is told to by a cancel file, or its process by a
 * signal (SIGTERM, SIGINT, SIGHUP).
 */

typedef struct _BkJobRun BkJobRun;

BkJobRun *bk_job_run_begin (BkJobStore *store,
                            BkJob *job,
                            const BkSettings *settings,
                            BkReporter *next,
                            GCancellable *cancellable,
                            GError **error);
BkJobReporter *bk_job_run_reporter (BkJobRun *run);
GCancellable *bk_job_run_cancellable (BkJobRun *run);
gboolean bk_job_run_end (BkJobRun *run, JsonNode *result, const GError *failure, GError **error);
void bk_job_run_free (BkJobRun *run);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkJobRun, bk_job_run_free)
