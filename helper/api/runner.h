#pragma once

#include "api/operation.h"

/*
 * How a face runs an operation. One that only reads runs in the calling thread. One that is a job
 * runs, on the command line, in this process with a job's record, so that it shows in the page;
 * asked for over a channel or HTTP it is started as a process of its own, which outlives the
 * asker, and is followed.
 */

typedef enum
{
  BK_FACE_CLI,
  BK_FACE_CHANNEL,
  BK_FACE_HTTP,
} BkFace;

gboolean bk_run_operation (const BkOperation *operation,
                           const BkCall *call,
                           BkFace face,
                           BkSink *sink,
                           GCancellable *cancellable,
                           GError **error);

gboolean bk_run_follow_job (const BkSettings *settings,
                            const char *id,
                            BkSink *sink,
                            GCancellable *cancellable,
                            GError **error);
int bk_job_run_main (int argc, char **argv);
