#include "api/runner.h"

#include "api/audit.h"
#include "api/job-sink.h"
#include "api/sink-reporter.h"
#include "base/error.h"
#include "base/gettext.h"
#include "base/program.h"
#include "format/log-line.h"
#include "ops/job/job.h"
#include "ops/job/run.h"
#include "store/log/journal.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A directory that is there only where systemd is the init that runs (sd_booted(3)). */
#define SYSTEMD_RUNTIME_DIR "/run/systemd/system"

static BkJob *
record (const BkOperation *operation, const BkCall *call, BkJobStore *store, GError **error)
{
  g_auto (GStrv) projects = operation->projects == NULL ? NULL : operation->projects (call);
  const BkJobRequest request = {
    .op = operation->name,
    .args = call->args,
    .actor = call->actor,
    .projects = (const char *const *) projects,
    .settings = call->settings,
  };

  return bk_job_record (store, &request, error);
}

/* Runs the operation within a job that has begun, and records how it ended. */
static gboolean
run_within (const BkOperation *operation,
            const BkCall *call,
            BkJobRun *run,
            const char *job_id,
            BkSink *watcher,
            GError **error)
{
  g_autoptr (BkJobSink) sink = bk_job_sink_new (watcher);
  g_autoptr (GError) failure = NULL;
  BkCall own = *call;

  own.job_id = job_id;
  own.reporter = BK_REPORTER (bk_job_run_reporter (run));
  if (!operation->run (&own, BK_SINK (sink), bk_job_run_cancellable (run), &failure) &&
      failure == NULL)
    bk_set_error (&failure, BK_ERROR_FAILED,
                  "%s failed without a reason; that is an error of this program, please report it",
                  operation->name);

  bk_audit_job (operation, &own, bk_job_sink_result (sink), failure);
  gboolean is_recorded =
      bk_job_run_end (run, bk_job_sink_result (sink), failure, failure == NULL ? error : NULL);
  if (failure == NULL)
    return is_recorded;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

static gboolean
run_in_foreground (const BkOperation *operation,
                   const BkCall *call,
                   BkJobStore *store,
                   BkSink *sink,
                   GCancellable *cancellable,
                   GError **error)
{
  g_autoptr (BkJob) job = record (operation, call, store, error);

  if (job == NULL)
    return FALSE;
  g_autofree char *job_id = g_strdup (job->id);
  g_autoptr (BkSinkReporter) reporter = bk_sink_reporter_new (sink, job_id);
  g_autoptr (BkJobRun) run = bk_job_run_begin (store, g_steal_pointer (&job), call->settings,
                                               BK_REPORTER (reporter), cancellable, error);
  if (run == NULL)
    return FALSE;

  bk_sink_reporter_set_job (reporter, bk_job_run_reporter (run));
  gboolean success = run_within (operation, call, run, job_id, sink, error);
  bk_sink_reporter_set_job (reporter, NULL);
  return success &&
         bk_sink_emit (sink, BK_SINK_RESULT, bk_job_reporter_get_view (bk_job_run_reporter (run)),
                       cancellable, error);
}

typedef struct
{
  BkSink *sink;
  GCancellable *cancellable;
} Follower;

static gboolean
emit_progress (const BkJob *job, gpointer user_data, GError **error)
{
  const Follower *follower = user_data;

  return bk_sink_emit (follower->sink, BK_SINK_PROGRESS, bk_job_to_json (job),
                       follower->cancellable, error);
}

static gboolean
emit_log (const BkLogLine *line, gpointer user_data, GError **error)
{
  const Follower *follower = user_data;

  return bk_sink_emit (follower->sink, BK_SINK_LOG, bk_log_line_to_json (line),
                       follower->cancellable, error);
}

/**
 * bk_run_follow_job:
 * @id: of a job
 *
 * Emits `progress` with the job's view when it changes and `log` for each line of its log, from
 * its beginning on, until it is over; then the view as `result`.
 *
 * Errors: what the job ended with, if that was not well; cancellation ends the watch only.
 */
gboolean
bk_run_follow_job (const BkSettings *settings,
                   const char *id,
                   BkSink *sink,
                   GCancellable *cancellable,
                   GError **error)
{
  g_autoptr (BkJobStore) store = bk_job_store_open (settings->runtime_dir, error);
  Follower follower = { sink, cancellable };
  const BkJobWatcher watcher = {
    .changed = emit_progress,
    .log = emit_log,
    .user_data = &follower,
  };

  if (store == NULL)
    return FALSE;
  g_autoptr (BkJob) job =
      bk_job_follow (store, id, settings->log_dir, &watcher, cancellable, error);
  return job != NULL && bk_job_set_error (job, error) &&
         bk_sink_emit (sink, BK_SINK_RESULT, bk_job_to_json (job), cancellable, error);
}

static gboolean
run_detached (const BkOperation *operation,
              const BkCall *call,
              BkJobStore *store,
              BkSink *sink,
              GCancellable *cancellable,
              GError **error)
{
  g_autofree char *program = bk_program_dup_path (error);
  g_autofree char *systemd_run = NULL;

  if (program == NULL)
    return FALSE;
  if (g_file_test (SYSTEMD_RUNTIME_DIR, G_FILE_TEST_IS_DIR))
    systemd_run = g_find_program_in_path ("systemd-run");

  g_autoptr (BkJob) job = record (operation, call, store, error);
  const BkJobLauncher launcher = { program, systemd_run };
  return job != NULL &&
         bk_job_start (store, job->id, call->settings->runtime_dir, &launcher, error) &&
         bk_run_follow_job (call->settings, job->id, sink, cancellable, error);
}

/**
 * bk_run_operation:
 * @face: who asks
 *
 * Runs @operation as its kind asks for. A plan or a listing changes nothing, so it is no job.
 *
 * Errors: what the operation fails with; %BK_ERROR_CANCELLED, which for a detached job means that
 *   the watching was cancelled.
 */
gboolean
bk_run_operation (const BkOperation *operation,
                  const BkCall *call,
                  BkFace face,
                  BkSink *sink,
                  GCancellable *cancellable,
                  GError **error)
{
  if ((operation->flags & BK_OPERATION_JOB) == 0 || bk_call_bool (call, "plan", FALSE) ||
      bk_call_bool (call, "list_only", FALSE))
    return operation->run (call, sink, cancellable, error);

  g_autoptr (BkJobStore) store = bk_job_store_open (call->settings->runtime_dir, error);
  if (store == NULL)
    return FALSE;
  if (face == BK_FACE_CLI)
    return run_in_foreground (operation, call, store, sink, cancellable, error);
  return run_detached (operation, call, store, sink, cancellable, error);
}

/* What a job's record asks for, checked as if it came from outside. */
static const BkOperation *
operation_of (const BkJob *job, GError **error)
{
  const BkOperation *operation = bk_operation_find (job->op);

  if (operation == NULL || (operation->flags & BK_OPERATION_JOB) == 0)
    {
      bk_set_error (error, BK_ERROR_UNSUPPORTED, "“%s” is not an operation of this program",
                    job->op);
      return NULL;
    }
  return bk_operation_check_args (operation, job->args, error) ? operation : NULL;
}

static void
end_before_begin (BkJobStore *store, BkJob *job, const GError *failure)
{
  bk_job_end (job, NULL, failure, g_get_real_time ());
  bk_job_store_write (store, job, NULL);
}

static gboolean
run_recorded (const char *runtime_dir, const char *id, GError **error)
{
  g_autoptr (BkJobStore) store = bk_job_store_open (runtime_dir, error);
  g_autoptr (BkJob) job = store == NULL ? NULL : bk_job_store_read_stored (store, id, error);
  g_autoptr (GError) failure = NULL;

  if (job == NULL)
    return FALSE;
  bk_language_set_default (bk_job_get_language (job));

  const BkOperation *operation = operation_of (job, &failure);
  g_autoptr (BkSettings) settings = operation == NULL ? NULL : bk_job_dup_settings (job, &failure);
  g_autoptr (JsonObject) args = json_object_ref (job->args);
  g_autofree char *actor = g_strdup (job->actor);
  g_autoptr (BkJobRun) run = NULL;
  if (settings != NULL)
    {
      g_autoptr (BkJob) own = bk_job_store_read_stored (store, id, &failure);

      run = own == NULL
                ? NULL
                : bk_job_run_begin (store, g_steal_pointer (&own), settings, NULL, NULL, &failure);
    }
  if (run == NULL)
    {
      if (job->state == BK_JOB_PENDING && !g_error_matches (failure, BK_ERROR, BK_ERROR_BUSY))
        end_before_begin (store, job, failure);
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }

  const BkCall call = { .settings = settings, .actor = actor, .args = args };
  return run_within (operation, &call, run, id, NULL, error);
}

/**
 * bk_job_run_main:
 * @argv: "run", the directory that holds jobs/, and a job's id
 *
 * The body of a job's own process: `cockpit-backup job run RUNTIME_DIR ID`. Nobody types that.
 *
 * Returns: the exit status.
 */
int
bk_job_run_main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  if (argc != 3)
    {
      g_printerr ("cockpit-backup: %s\n", _ ("job run takes a directory and a job's id"));
      return 2;
    }
  umask (022);
  run_recorded (argv[1], argv[2], &error);
  if (error != NULL)
    bk_journal_print_error (error);
  return bk_error_exit_status (error);
}
