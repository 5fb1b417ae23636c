#pragma once

#include "base/language.h"
#include "model/log.h"
#include "model/settings.h"
#include "store/state/job-store.h"

/*
 * Jobs from the outside: record one, start its process, watch it, ask it to stop.
 */

/* What is asked for. Everything in it is borrowed for the call. */
typedef struct
{
  const char *op;
  JsonObject *args;
  const char *actor;
  const char *const *projects; /* (nullable) */
  const BkSettings *settings;
} BkJobRequest;

/* How a job's process is started. */
typedef struct
{
  const char *program;     /* cockpit-backup, absolute */
  const char *systemd_run; /* (nullable): absolute; where systemd runs, its transient units outlive
                            * sessions that kill what they leave behind */
} BkJobLauncher;

BkJob *bk_job_record (BkJobStore *store, const BkJobRequest *request, GError **error);
BkSettings *bk_job_dup_settings (const BkJob *job, GError **error);
const BkLanguage *bk_job_get_language (const BkJob *job);
gboolean bk_job_start (BkJobStore *store,
                       const char *id,
                       const char *runtime_dir,
                       const BkJobLauncher *launcher,
                       GError **error);
gboolean bk_job_set_error (const BkJob *job, GError **error);

/* Told what is new about a job: its view, and its log's lines. Their FALSE ends the watch. */
typedef struct
{
  gboolean (*changed) (const BkJob *job, gpointer user_data, GError **error);
  gboolean (*log) (const BkLogLine *line, gpointer user_data, GError **error);
  gboolean (*settled) (gpointer user_data, GError **error);
  gpointer user_data;
} BkJobWatcher;

BkJob *bk_job_follow (BkJobStore *store,
                      const char *id,
                      const char *log_dir,
                      const BkJobWatcher *watcher,
                      GCancellable *cancellable,
                      GError **error);
gboolean bk_job_watch_all (BkJobStore *store,
                           const BkJobWatcher *watcher,
                           GCancellable *cancellable,
                           GError **error);
