#include "api/operations/job.h"

#include "api/runner.h"
#include "base/gettext.h"
#include "ops/job/job.h"

typedef struct
{
  BkSink *sink;
  GCancellable *cancellable;
  gint64 count;
} Lister;

static gboolean
emit_job (const BkJob *job, gpointer user_data, GError **error)
{
  Lister *lister = user_data;

  lister->count++;
  return bk_sink_emit (lister->sink, BK_SINK_ITEM, bk_job_to_json (job), lister->cancellable,
                       error);
}

static gboolean
emit_count (gpointer user_data, GError **error)
{
  const Lister *lister = user_data;
  JsonObject *result = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_object_set_int_member (result, "count", lister->count);
  json_node_take_object (node, result);
  return bk_sink_emit (lister->sink, BK_SINK_RESULT, node, lister->cancellable, error);
}

static gboolean
run_list (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  g_autoptr (BkJobStore) store = bk_job_store_open (call->settings->runtime_dir, error);
  Lister lister = { sink, cancellable };
  const BkJobWatcher watcher = {
    .changed = emit_job,
    .settled = emit_count,
    .user_data = &lister,
  };

  if (store == NULL)
    return FALSE;
  if (bk_call_bool (call, "watch", FALSE))
    return bk_job_watch_all (store, &watcher, cancellable, error);

  g_autoptr (GPtrArray) jobs = bk_job_store_list (store, g_get_real_time (), error);
  if (jobs == NULL)
    return FALSE;
  for (guint i = 0; i < jobs->len; i++)
    {
      if (!emit_job (g_ptr_array_index (jobs, i), &lister, error))
        return FALSE;
    }
  return emit_count (&lister, error);
}

static gboolean
run_follow (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  return bk_run_follow_job (call->settings, bk_call_string (call, "id"), sink, cancellable, error);
}

/* The job stops in its own time, at the next point where it can clean up; job.follow shows it. One
 * that is over stays as it is. */
static gboolean
run_cancel (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  const char *id = bk_call_string (call, "id");
  g_autoptr (BkJobStore) store = bk_job_store_open (call->settings->runtime_dir, error);
  g_autoptr (BkJob) job =
      store == NULL ? NULL : bk_job_store_read (store, id, g_get_real_time (), error);

  if (job == NULL || (!bk_job_is_over (job) && !bk_job_store_ask_to_cancel (store, id, error)))
    return FALSE;
  return bk_sink_emit (sink, BK_SINK_RESULT, bk_job_to_json (job), cancellable, error);
}

static const BkParam list_params[] = {
  { "watch", BK_PARAM_BOOL, BK_PARAM_OPTIONAL,
    N_ ("stay, and show each job again when it changes") },
  { NULL },
};

static const BkParam id_params[] = {
  { "id", BK_PARAM_STRING, BK_PARAM_REQUIRED | BK_PARAM_POSITIONAL,
    N_ ("a job, as “job list” shows it") },
  { NULL },
};

const BkOperation bk_operation_job_list = {
  .name = "job.list",
  .command = "job list",
  .summary = N_ ("Show the jobs: those that run, then the history"),
  .flags = BK_OPERATION_FOLLOWS,
  .params = list_params,
  .run = run_list,
};

const BkOperation bk_operation_job_follow = {
  .name = "job.follow",
  .command = "job follow",
  .summary = N_ ("Show a job's log from its beginning, and its progress until it ends"),
  .flags = BK_OPERATION_FOLLOWS,
  .params = id_params,
  .run = run_follow,
};

const BkOperation bk_operation_job_cancel = {
  .name = "job.cancel",
  .command = "job cancel",
  .summary = N_ ("Ask a job to stop; it cleans up behind itself"),
  .params = id_params,
  .run = run_cancel,
};
