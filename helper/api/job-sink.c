#include "api/job-sink.h"

#include "base/error.h"

struct _BkJobSink
{
  GObject parent;

  BkSink *watcher; /* (nullable) */
  JsonNode *result;
};

static void bk_job_sink_iface_init (BkSinkInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BkJobSink,
                               bk_job_sink,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BK_TYPE_SINK, bk_job_sink_iface_init))

static gboolean
job_sink_emit (
    BkSink *sink, BkSinkKind kind, JsonNode *value, GCancellable *cancellable, GError **error)
{
  BkJobSink *self = BK_JOB_SINK (sink);

  if (kind == BK_SINK_RESULT)
    {
      g_clear_pointer (&self->result, json_node_unref);
      self->result = json_node_copy (value);
      return TRUE;
    }
  /* That nobody listens any more is no reason to stop the work. */
  if (self->watcher != NULL)
    bk_sink_emit (self->watcher, kind, json_node_copy (value), cancellable, NULL);
  return TRUE;
}

static gboolean
job_sink_stream (BkSink *sink,
                 GInputStream *bytes,
                 const char *file_name,
                 gint64 size_hint_bytes,
                 GCancellable *cancellable,
                 GError **error)
{
  bk_set_error (error, BK_ERROR_UNSUPPORTED, "A job has no stream of bytes to give");
  return FALSE;
}

static void
bk_job_sink_iface_init (BkSinkInterface *iface)
{
  iface->emit = job_sink_emit;
  iface->stream = job_sink_stream;
}

static void
bk_job_sink_finalize (GObject *object)
{
  BkJobSink *self = BK_JOB_SINK (object);

  g_clear_object (&self->watcher);
  g_clear_pointer (&self->result, json_node_unref);
  G_OBJECT_CLASS (bk_job_sink_parent_class)->finalize (object);
}

static void
bk_job_sink_class_init (BkJobSinkClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bk_job_sink_finalize;
}

static void
bk_job_sink_init (BkJobSink *self)
{
}

/**
 * bk_job_sink_new:
 * @watcher: (nullable): who watches in the foreground
 */
BkJobSink *
bk_job_sink_new (BkSink *watcher)
{
  BkJobSink *self = g_object_new (BK_TYPE_JOB_SINK, NULL);

  self->watcher = watcher == NULL ? NULL : g_object_ref (watcher);
  return self;
}

/**
 * bk_job_sink_result:
 *
 * Returns: (transfer none) (nullable): what the operation said in the end.
 */
JsonNode *
bk_job_sink_result (BkJobSink *sink)
{
  return sink->result;
}
