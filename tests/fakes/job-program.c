/*
 * cockpit-backup with one changing operation of its own, which does what a test wants: everything
 * around the operation (runner, records, processes, logs, following) is the real thing.
 *
 *   job-program job run RUNTIME_DIR ID     a job's own process
 *   job-program channel OP ARGS            as a channel runs it; frames are printed, one a line
 *   job-program cli OP ARGS                as the command line runs it
 *   job-program bridge, job-program service
 */

#include "api/operations/job.h"
#include "api/operations/log.h"
#include "api/runner.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/watch.h"
#include "cockpit/bridge.h"
#include "cockpit/service.h"
#include "format/json.h"
#include "store/state/settings-file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static gboolean
wait_for_file (const char *path, GCancellable *cancellable, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  g_autoptr (BkWatch) watch = bk_watch_new (error);
  autofd int dirfd = bk_open_directory (directory, error);

  if (watch == NULL || dirfd < 0 || bk_watch_add_directory (watch, dirfd, error) < 0)
    return FALSE;
  while (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      if (!bk_watch_wait (watch, -1, cancellable, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
do_work (const BkCall *call, const char *project, GCancellable *cancellable, GError **error)
{
  const char *gate = bk_call_string (call, "gate");
  gint64 lines_count = bk_call_int (call, "lines", 0);
  BkProgress progress = { project, "work", 0, 100 };

  bk_reporter_message (call->reporter, BK_LOG_INFO, project, NULL, "work", "begin");
  bk_reporter_progress (call->reporter, &progress);
  if (gate != NULL && !wait_for_file (gate, cancellable, error))
    return FALSE;
  for (gint64 i = 0; i < lines_count; i++)
    {
      bk_reporter_message (call->reporter, BK_LOG_INFO, project, NULL, "work",
                           "line %" G_GINT64_FORMAT, i);
      progress.done_bytes = (guint64) (100 * (i + 1) / lines_count);
      bk_reporter_progress (call->reporter, &progress);
    }
  if (bk_call_string (call, "problem") != NULL)
    {
      g_set_error (error, BK_ERROR, (int) bk_error_from_problem (bk_call_string (call, "problem")),
                   "It failed, as it was told to");
      return FALSE;
    }
  bk_reporter_message (call->reporter, BK_LOG_INFO, project, NULL, "work", "end");
  return TRUE;
}

/* What it leaves behind unless it ends or is cancelled: as a backup's temporary files. */
static gboolean
run_work (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  const char *project = bk_call_string (call, "project");
  const char *litter = bk_call_string (call, "litter");

  if (litter != NULL && !g_file_set_contents (litter, "", 0, error))
    return FALSE;
  gboolean success = do_work (call, project, cancellable, error);
  if (litter != NULL)
    unlink (litter);
  if (!success)
    return FALSE;

  JsonObject *result = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  json_object_set_string_member (result, "job_id", call->job_id);
  json_object_set_string_member (result, "actor", call->actor);
  json_object_set_string_member (result, "log_dir", call->settings->log_dir);
  json_node_take_object (node, result);
  return bk_sink_emit (sink, BK_SINK_RESULT, node, cancellable, error);
}

static GStrv
work_projects (const BkCall *call)
{
  const char *projects[] = { bk_call_string (call, "project"), NULL };

  return g_strdupv ((char **) projects);
}

static const BkParam work_params[] = {
  { "project", BK_PARAM_STRING, BK_PARAM_REQUIRED, "a project" },
  { "gate", BK_PARAM_STRING, BK_PARAM_OPTIONAL, "a file to wait for" },
  { "litter", BK_PARAM_STRING, BK_PARAM_OPTIONAL, "a file that is there while it works" },
  { "lines", BK_PARAM_INT, BK_PARAM_OPTIONAL, "how much to say" },
  { "problem", BK_PARAM_STRING, BK_PARAM_OPTIONAL, "what to fail with" },
  { "plan", BK_PARAM_BOOL, BK_PARAM_OPTIONAL, "do nothing" },
  { NULL },
};

static const BkOperation operation_work = {
  .name = "test.work",
  .command = "test work",
  .summary = "Do what the test wants",
  .flags = BK_OPERATION_JOB,
  .params = work_params,
  .run = run_work,
  .projects = work_projects,
};

/* Stands in for the table in api/operations.c, which is then not linked. */
const BkOperation *const *
bk_operation_all (void)
{
  static const BkOperation *const operations[] = {
    &operation_work,
    &bk_operation_job_list,
    &bk_operation_job_follow,
    &bk_operation_job_cancel,
    &bk_operation_log_query,
    &bk_operation_log_follow,
    NULL,
  };

  return operations;
}

#define TEST_TYPE_SINK (test_sink_get_type ())
G_DECLARE_FINAL_TYPE (TestSink, test_sink, TEST, SINK, GObject)

struct _TestSink
{
  GObject parent;
};

static void test_sink_iface_init (BkSinkInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (TestSink,
                               test_sink,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BK_TYPE_SINK, test_sink_iface_init))

static void
test_sink_init (TestSink *self)
{
}

static void
test_sink_class_init (TestSinkClass *klass)
{
}

static gboolean
test_sink_emit (
    BkSink *sink, BkSinkKind kind, JsonNode *value, GCancellable *cancellable, GError **error)
{
  g_autofree char *text = bk_json_to_text (value, FALSE);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  printf ("{\"%s\":%s}\n", bk_sink_kind_to_string (kind), text);
  return fflush (stdout) == 0;
}

static void
test_sink_iface_init (BkSinkInterface *iface)
{
  iface->emit = test_sink_emit;
}

static gboolean
run (BkFace face, const char *op, const char *text, GError **error)
{
  g_auto (GStrv) environment = g_get_environ ();
  g_autoptr (BkSettings) settings = bk_settings_load (NULL, environment, error);
  g_autoptr (JsonObject) args =
      settings == NULL ? NULL : bk_json_parse_object (text, -1, "ARGS", error);
  const BkOperation *operation = bk_operation_find (op);

  if (args == NULL || !bk_operation_check_args (operation, args, error))
    return FALSE;
  g_autoptr (TestSink) sink = g_object_new (TEST_TYPE_SINK, NULL);
  const BkCall call = { .settings = settings, .actor = "tester", .args = args };
  return bk_run_operation (operation, &call, face, BK_SINK (sink), NULL, error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  if (argc >= 3 && strcmp (argv[1], "job") == 0 && strcmp (argv[2], "run") == 0)
    return bk_job_run_main (argc - 2, argv + 2);
  if (argc >= 2 && strcmp (argv[1], "bridge") == 0)
    return bk_bridge_main (argc - 1, argv + 1);
  if (argc >= 2 && strcmp (argv[1], "service") == 0)
    return bk_service_main (argc - 1, argv + 1);
  if (argc != 4)
    return 2;
  run (strcmp (argv[1], "cli") == 0 ? BK_FACE_CLI : BK_FACE_CHANNEL, argv[2], argv[3], &error);
  if (error != NULL)
    printf ("{\"problem\":\"%s\",\"message\":\"%s\"}\n", bk_error_problem (error), error->message);
  return bk_error_exit_status (error);
}
