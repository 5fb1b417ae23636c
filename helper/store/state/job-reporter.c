#include "store/state/job-reporter.h"

#include "base/fd.h"
#include "store/log/journal.h"

#include <fcntl.h>

#define WRITE_USECS (G_USEC_PER_SEC / 2)

struct _BkJobReporter
{
  GObject parent;

  BkJobStore *store;
  int log_dirfd;
  BkLogLevel min_level;
  BkReporter *next;
  BkClockFunc clock;
  gboolean has_journal;

  GMutex mutex; /* of all below */
  BkJob *job;
  BkJobRate rate;
  gint64 written_usecs;
  gboolean has_complained;
};

static void bk_job_reporter_iface_init (BkReporterInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BkJobReporter,
                               bk_job_reporter,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BK_TYPE_REPORTER, bk_job_reporter_iface_init))

/* What cannot be logged must not end the work it is about; standard error is what is left. */
static void
complain (BkJobReporter *self, const GError *error)
{
  if (!self->has_complained)
    g_printerr ("cockpit-backup: %s\n", error->message);
  self->has_complained = TRUE;
}

static void
job_reporter_log (BkReporter *reporter, const BkLogEntry *entry)
{
  BkJobReporter *self = BK_JOB_REPORTER (reporter);

  if (entry->level < self->min_level)
    return;

  g_mutex_lock (&self->mutex);
  g_autoptr (BkLogLine) line = bk_log_line_new (entry, self->job->id, self->clock ());
  g_autoptr (GError) error = NULL;

  bk_job_add_project (self->job, entry->project_id);
  if (!bk_log_append (self->log_dirfd, line, &error))
    complain (self, error);
  if (self->has_journal)
    bk_journal_send (line);
  g_mutex_unlock (&self->mutex);

  bk_reporter_log (self->next, entry);
}

static void
job_reporter_progress (BkReporter *reporter, const BkProgress *progress)
{
  BkJobReporter *self = BK_JOB_REPORTER (reporter);

  g_mutex_lock (&self->mutex);
  gint64 now_usecs = self->clock ();
  gint64 since_usecs = now_usecs - self->written_usecs;
  g_autoptr (GError) error = NULL;

  bk_job_add_project (self->job, progress->project_id);
  bk_job_set_progress (self->job, &self->rate, progress, now_usecs);
  if (since_usecs >= WRITE_USECS || since_usecs < 0)
    {
      self->written_usecs = now_usecs;
      if (!bk_job_store_write (self->store, self->job, &error))
        complain (self, error);
    }
  g_mutex_unlock (&self->mutex);

  bk_reporter_progress (self->next, progress);
}

static void
bk_job_reporter_iface_init (BkReporterInterface *iface)
{
  iface->log = job_reporter_log;
  iface->progress = job_reporter_progress;
}

static void
bk_job_reporter_finalize (GObject *object)
{
  BkJobReporter *self = BK_JOB_REPORTER (object);

  g_clear_object (&self->store);
  g_clear_object (&self->next);
  g_clear_pointer (&self->job, bk_job_free);
  bk_fd_clear (&self->log_dirfd);
  g_mutex_clear (&self->mutex);
  G_OBJECT_CLASS (bk_job_reporter_parent_class)->finalize (object);
}

static void
bk_job_reporter_class_init (BkJobReporterClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bk_job_reporter_finalize;
}

static void
bk_job_reporter_init (BkJobReporter *self)
{
  self->log_dirfd = -1;
  g_mutex_init (&self->mutex);
}

/**
 * bk_job_reporter_new:
 * @job: (transfer full): pending; nobody else may change it from now on
 * @log_dirfd: the directory of logs; the reporter keeps a handle of its own
 * @min_level: the least level that is logged
 * @next: (nullable): who is told as well
 * @clock: g_get_real_time(), or a test's
 */
BkJobReporter *
bk_job_reporter_new (BkJobStore *store,
                     BkJob *job,
                     int log_dirfd,
                     BkLogLevel min_level,
                     BkReporter *next,
                     BkClockFunc clock)
{
  BkJobReporter *self = g_object_new (BK_TYPE_JOB_REPORTER, NULL);

  self->store = g_object_ref (store);
  self->job = job;
  self->log_dirfd = fcntl (log_dirfd, F_DUPFD_CLOEXEC, 0);
  self->min_level = min_level;
  self->next = next == NULL ? NULL : g_object_ref (next);
  self->clock = clock;
  self->has_journal = bk_journal_is_there ();
  return self;
}

/**
 * bk_job_reporter_begin:
 *
 * Records that the job runs.
 */
gboolean
bk_job_reporter_begin (BkJobReporter *reporter, GError **error)
{
  g_mutex_lock (&reporter->mutex);
  bk_job_begin (reporter->job, reporter->clock ());
  gboolean success = bk_job_store_write (reporter->store, reporter->job, error);
  g_mutex_unlock (&reporter->mutex);
  return success;
}

/**
 * bk_job_reporter_end:
 * @result: (nullable): what the operation said in the end
 * @failure: (nullable): what it failed with
 *
 * Records how the job ended. The caller lets go of its lock afterwards, not before.
 */
gboolean
bk_job_reporter_end (BkJobReporter *reporter,
                     JsonNode *result,
                     const GError *failure,
                     GError **error)
{
  g_mutex_lock (&reporter->mutex);
  bk_job_end (reporter->job, result, failure, reporter->clock ());
  gboolean success = bk_job_store_write (reporter->store, reporter->job, error);
  g_mutex_unlock (&reporter->mutex);
  return success;
}

/**
 * bk_job_reporter_get_view:
 *
 * Returns: (transfer full): the view of the job as it is now.
 */
JsonNode *
bk_job_reporter_get_view (BkJobReporter *reporter)
{
  g_mutex_lock (&reporter->mutex);
  JsonNode *view = bk_job_to_json (reporter->job);
  g_mutex_unlock (&reporter->mutex);
  return view;
}
