#include "api/sink-reporter.h"

#include "format/log-line.h"

#define PROGRESS_USECS (G_USEC_PER_SEC / 2)

struct _BkSinkReporter
{
  GObject parent;

  BkSink *sink;
  char *job_id;
  BkJobReporter *job; /* (nullable): not owned; it owns this one */

  GMutex mutex;
  gint64 told_usecs;
};

static void bk_sink_reporter_iface_init (BkReporterInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BkSinkReporter,
                               bk_sink_reporter,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BK_TYPE_REPORTER,
                                                      bk_sink_reporter_iface_init))

static void
sink_reporter_log (BkReporter *reporter, const BkLogEntry *entry)
{
  BkSinkReporter *self = BK_SINK_REPORTER (reporter);
  g_autoptr (BkLogLine) line = bk_log_line_new (entry, self->job_id, g_get_real_time ());

  bk_sink_emit (self->sink, BK_SINK_LOG, bk_log_line_to_json (line), NULL, NULL);
}

static void
sink_reporter_progress (BkReporter *reporter, const BkProgress *progress)
{
  BkSinkReporter *self = BK_SINK_REPORTER (reporter);
  gint64 now_usecs = g_get_monotonic_time ();

  g_mutex_lock (&self->mutex);
  gboolean is_time = self->job != NULL && now_usecs - self->told_usecs >= PROGRESS_USECS;
  if (is_time)
    self->told_usecs = now_usecs;
  g_mutex_unlock (&self->mutex);
  if (is_time)
    bk_sink_emit (self->sink, BK_SINK_PROGRESS, bk_job_reporter_get_view (self->job), NULL, NULL);
}

static void
bk_sink_reporter_iface_init (BkReporterInterface *iface)
{
  iface->log = sink_reporter_log;
  iface->progress = sink_reporter_progress;
}

static void
bk_sink_reporter_finalize (GObject *object)
{
  BkSinkReporter *self = BK_SINK_REPORTER (object);

  g_clear_object (&self->sink);
  g_free (self->job_id);
  g_mutex_clear (&self->mutex);
  G_OBJECT_CLASS (bk_sink_reporter_parent_class)->finalize (object);
}

static void
bk_sink_reporter_class_init (BkSinkReporterClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bk_sink_reporter_finalize;
}

static void
bk_sink_reporter_init (BkSinkReporter *self)
{
  g_mutex_init (&self->mutex);
}

/**
 * bk_sink_reporter_new:
 * @sink: gets what is reported
 * @job_id: what its progress is called by
 *
 * Returns: (transfer full): the reporter.
 */
BkSinkReporter *
bk_sink_reporter_new (BkSink *sink, const char *job_id)
{
  BkSinkReporter *self = g_object_new (BK_TYPE_SINK_REPORTER, NULL);

  self->sink = g_object_ref (sink);
  self->job_id = g_strdup (job_id);
  return self;
}

/**
 * bk_sink_reporter_set_job:
 * @job: (nullable): whose view `progress` shows; it holds @reporter and not the other way round
 */
void
bk_sink_reporter_set_job (BkSinkReporter *reporter, BkJobReporter *job)
{
  g_mutex_lock (&reporter->mutex);
  reporter->job = job;
  g_mutex_unlock (&reporter->mutex);
}
