#include "ops/job/run.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/thread.h"
#include "base/watch.h"

#include <gio/gio.h>
#include <glib-unix.h>
#include <signal.h>

struct _BkJobRun
{
  char *id;
  BkJobStore *store;
  BkLock *lock;
  BkJobReporter *reporter;
  GCancellable *cancellable;
  GCancellable *outer; /* (nullable) */
  gulong outer_handler;

  /* The thread that waits for signals and the cancel file. */
  BkWatch *watch;
  GMainContext *context;
  int stops; /* atomic */
  GThread *thread;
};

static gboolean
on_signal (gpointer user_data)
{
  BkJobRun *self = user_data;

  g_cancellable_cancel (self->cancellable);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_change (int fd, GIOCondition condition, gpointer user_data)
{
  BkJobRun *self = user_data;

  bk_watch_wait (self->watch, 0, NULL, NULL);
  if (bk_job_store_is_asked_to_cancel (self->store, self->id))
    g_cancellable_cancel (self->cancellable);
  return G_SOURCE_CONTINUE;
}

static void
on_outer_cancelled (GCancellable *outer, gpointer user_data)
{
  g_cancellable_cancel (G_CANCELLABLE (user_data));
}

static gpointer
wait_for_cancel (gpointer user_data)
{
  BkJobRun *self = user_data;

  g_main_context_push_thread_default (self->context);
  while (!g_atomic_int_get (&self->stops))
    g_main_context_iteration (self->context, TRUE);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

static void
attach (BkJobRun *self, GSource *source, GSourceFunc func)
{
  g_source_set_callback (source, func, self, NULL);
  g_source_attach (source, self->context);
  g_source_unref (source);
}

static gboolean
watch_for_cancel (BkJobRun *self, gboolean with_signals, GError **error)
{
  static const int signals[] = { SIGTERM, SIGINT, SIGHUP };

  self->watch = bk_watch_new (error);
  if (self->watch == NULL ||
      bk_watch_add_directory (self->watch, bk_job_store_fd (self->store), error) < 0)
    return FALSE;
  self->context = g_main_context_new ();
  for (guint i = 0; with_signals && i < G_N_ELEMENTS (signals); i++)
    attach (self, g_unix_signal_source_new (signals[i]), on_signal);
  attach (self, g_unix_fd_source_new (bk_watch_fd (self->watch), G_IO_IN),
          G_SOURCE_FUNC (on_change));
  self->thread = bk_thread_new ("job-cancel", wait_for_cancel, self);

  /* Asked before anyone watched. */
  if (bk_job_store_is_asked_to_cancel (self->store, self->id))
    g_cancellable_cancel (self->cancellable);
  return TRUE;
}

static BkLogLevel
min_level_of (const BkSettings *settings)
{
  BkLogLevel level = BK_LOG_INFO;

  bk_log_level_from_string (settings->log_level, &level);
  return level;
}

/* Of two processes for one job the second may come when the first is through already. */
static gboolean
is_still_pending (BkJobStore *store, const char *id, GError **error)
{
  g_autoptr (BkJob) stored = bk_job_store_read_stored (store, id, error);

  if (stored == NULL)
    return FALSE;
  if (stored->state == BK_JOB_PENDING)
    return TRUE;
  bk_set_error (error, BK_ERROR_BUSY, "The job “%s” has begun already", id);
  return FALSE;
}

/**
 * bk_job_run_begin:
 * @job: (transfer full): pending, and recorded
 * @next: (nullable): who is told of log and progress as well
 * @cancellable: (nullable): stops the job too. Whoever has one minds signals himself; without one
 *   the job does.
 *
 * Takes the job's lock, records that it runs, and throws away logs that are older than the
 * settings want.
 *
 * Errors: %BK_ERROR_BUSY when another process runs it, or did.
 */
BkJobRun *
bk_job_run_begin (BkJobStore *store,
                  BkJob *job,
                  const BkSettings *settings,
                  BkReporter *next,
                  GCancellable *cancellable,
                  GError **error)
{
  g_autoptr (BkJob) owned = job;
  g_autoptr (BkJobRun) self = g_new0 (BkJobRun, 1);

  self->id = g_strdup (job->id);
  self->store = g_object_ref (store);
  self->cancellable = g_cancellable_new ();
  self->lock = bk_job_store_lock (store, job->id, error);
  if (self->lock == NULL || !is_still_pending (store, job->id, error))
    return NULL;

  autofd int log_dirfd = bk_log_dir_open (settings->log_dir, error);
  if (log_dirfd < 0)
    return NULL;
  bk_log_prune (log_dirfd, settings->log_retention_days, g_get_real_time (), NULL, NULL);
  self->reporter = bk_job_reporter_new (store, g_steal_pointer (&owned), log_dirfd,
                                        min_level_of (settings), next, g_get_real_time);
  if (!watch_for_cancel (self, cancellable == NULL, error) ||
      !bk_job_reporter_begin (self->reporter, error))
    return NULL;
  if (cancellable != NULL)
    {
      self->outer = g_object_ref (cancellable);
      self->outer_handler =
          g_cancellable_connect (cancellable, G_CALLBACK (on_outer_cancelled),
                                 g_object_ref (self->cancellable), g_object_unref);
    }
  return g_steal_pointer (&self);
}

/**
 * bk_job_run_reporter:
 *
 * Returns: (transfer none): what the operation reports to.
 */
BkJobReporter *
bk_job_run_reporter (BkJobRun *run)
{
  return run->reporter;
}

/**
 * bk_job_run_cancellable:
 *
 * Returns: (transfer none): what the operation stops by.
 */
GCancellable *
bk_job_run_cancellable (BkJobRun *run)
{
  return run->cancellable;
}

/**
 * bk_job_run_end:
 * @result: (nullable): what the operation said in the end
 * @failure: (nullable): what it failed with
 *
 * Records how it ended. The lock goes with bk_job_run_free(), after that.
 */
gboolean
bk_job_run_end (BkJobRun *run, JsonNode *result, const GError *failure, GError **error)
{
  return bk_job_reporter_end (run->reporter, result, failure, error);
}

void
bk_job_run_free (BkJobRun *run)
{
  if (run->outer != NULL)
    g_cancellable_disconnect (run->outer, run->outer_handler);
  if (run->thread != NULL)
    {
      g_atomic_int_set (&run->stops, TRUE);
      g_main_context_wakeup (run->context);
      g_thread_join (run->thread);
    }
  g_clear_pointer (&run->context, g_main_context_unref);
  g_clear_pointer (&run->watch, bk_watch_free);
  g_clear_object (&run->outer);
  g_clear_object (&run->cancellable);
  g_clear_object (&run->reporter);
  g_clear_pointer (&run->lock, bk_lock_free);
  g_clear_object (&run->store);
  g_free (run->id);
  g_free (run);
}
