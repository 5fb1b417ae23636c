#include "api/operations/tree-settings.h"

#include "api/audit.h"
#include "api/operations/tree.h"
#include "api/views/tree.h"
#include "base/error.h"
#include "base/gettext.h"
#include "format/json.h"
#include "format/tree-settings-edit.h"
#include "format/tree-settings-json.h"
#include "model/event.h"
#include "model/schedule.h"
#include "ops/schedule.h"
#include "store/state/settings-file.h"

#include <string.h>

static const char *
path_of (const BkCall *call)
{
  return call->settings->config_path != NULL ? call->settings->config_path : BK_CONFIG_PATH;
}

/* ---- tree.list ---- */

static gboolean
run_list (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  g_autoptr (BkTreeSettings) trees = bk_call_load_trees (call, error);

  for (guint i = 0; trees != NULL && i < trees->tasks->len; i++)
    {
      const BkTreeTask *task = g_ptr_array_index (trees->tasks, i);
      g_autofree char *project_id = bk_tree_project_id (task);

      if (!bk_sink_emit (sink, BK_SINK_ITEM,
                         bk_view_tree_task (task,
                                            bk_tree_settings_find_storage (trees, task->storage),
                                            project_id),
                         cancellable, error))
        return FALSE;
    }
  if (trees == NULL)
    return FALSE;

  JsonObject *result = json_object_new ();
  json_object_set_int_member (result, "count", trees->tasks->len);
  return bk_sink_emit (sink, BK_SINK_RESULT, bk_json_object_node (result), cancellable, error);
}

/* ---- tree.set ---- */

static gboolean
check_trees (JsonObject *config, GError **error)
{
  g_autoptr (BkTreeSettings) trees = bk_tree_settings_from_json (config, error);

  return trees != NULL;
}

static gboolean
put_tree (JsonObject *config, gpointer user_data, GError **error)
{
  return bk_tree_settings_put (config, user_data, error) && check_trees (config, error);
}

static gboolean
remove_tree (JsonObject *config, gpointer user_data, GError **error)
{
  return bk_tree_settings_remove (config, user_data, error) && check_trees (config, error);
}

static gboolean
is_at_or_below (const char *path, const char *directory)
{
  gsize length = strlen (directory);

  return strcmp (directory, "/") == 0 ||
         (strncmp (path, directory, length) == 0 && (path[length] == '\0' || path[length] == '/'));
}

/* A source that holds the repository would be backed up into itself, more each time. */
static gboolean
check_sources (const BkCall *call, char **sources, char **excludes, GError **error)
{
  const char *repository = call->settings->repository_dir;

  for (char **source = sources; *source != NULL; source++)
    {
      g_autofree char *path = g_canonicalize_filename (*source, "/");
      g_autofree char *line = bk_error_one_line (*source);

      if (!g_path_is_absolute (*source))
        {
          bk_set_error (error, BK_ERROR_USAGE, "“%s” does not begin with “/”", line);
          return FALSE;
        }
      if (!g_file_test (path, G_FILE_TEST_EXISTS))
        {
          bk_set_error (error, BK_ERROR_USAGE, "“%s” is not there", line);
          return FALSE;
        }
      if (is_at_or_below (repository, path) &&
          !g_strv_contains ((const char *const *) excludes, repository))
        {
          bk_set_error (error, BK_ERROR_USAGE,
                        "“%s” holds the repository: exclude “%s”, or it would be backed up into "
                        "itself",
                        line, repository);
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
run_set (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  g_auto (GStrv) sources = bk_call_strings (call, "source");
  g_auto (GStrv) excludes = bk_call_strings (call, "exclude");
  BkTreeTaskChange change = {
    .name = bk_call_string (call, "name"),
    .sources = (const char *const *) sources,
    .excludes = (const char *const *) excludes,
    .full_interval_days = (guint) bk_call_int (call, "full_interval", 0),
    .max_count = (guint) bk_call_int (call, "keep", 0),
  };

  return check_sources (call, sources, excludes, error) &&
         bk_config_change (path_of (call), put_tree, &change, error) &&
         bk_audit (call, BK_EVENT_SETTINGS_CHANGED, "settings", "backups", call->args, error) &&
         run_list (call, sink, cancellable, error);
}

static gboolean
run_remove (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  g_autofree char *name = g_strdup (bk_call_string (call, "name"));
  g_autofree char *what = g_strconcat ("tree/", name, NULL);
  g_autofree char *unit = bk_schedule_unit (what, NULL);
  g_autoptr (BkTreeSettings) trees = bk_call_load_trees (call, error);
  const BkTreeTask *task = trees == NULL ? NULL : bk_tree_settings_find_task (trees, name);
  g_autoptr (BkScheduler) scheduler = bk_scheduler_new_for_host ();

  if (trees == NULL)
    return FALSE;
  /* The timer first: one without its tree would fail every night. */
  if (task != NULL && task->schedule != NULL && unit != NULL && scheduler->systemctl != NULL &&
      !bk_scheduler_apply (scheduler, unit, NULL, error))
    return FALSE;
  return bk_config_change (path_of (call), remove_tree, name, error) &&
         bk_audit (call, BK_EVENT_SETTINGS_CHANGED, "settings", "backups", call->args, error) &&
         run_list (call, sink, cancellable, error);
}

static const BkParam no_params[] = { { NULL } };

static const BkParam set_params[] = {
  { "name", BK_PARAM_STRING, BK_PARAM_REQUIRED | BK_PARAM_POSITIONAL,
    N_ ("what it is called; its backups are in tree/<host>/<name>") },
  { "source", BK_PARAM_STRINGS, BK_PARAM_REQUIRED, N_ ("a directory to back up") },
  { "exclude", BK_PARAM_STRINGS, BK_PARAM_OPTIONAL,
    N_ ("leave out what matches, for instance *.tmp or /srv/data/cache") },
  { "full_interval", BK_PARAM_INT, BK_PARAM_OPTIONAL, N_ ("days from one full to the next (7)"), 1,
    BK_FULL_INTERVAL_DAYS_MAX },
  { "keep", BK_PARAM_INT, BK_PARAM_OPTIONAL, N_ ("generations that are kept; without it, all"), 1,
    BK_TREE_MAX_COUNT_MAX },
  { NULL },
};

static const BkParam remove_params[] = {
  { "name", BK_PARAM_STRING, BK_PARAM_REQUIRED | BK_PARAM_POSITIONAL,
    N_ ("one of “backups” in the settings") },
  { NULL },
};

const BkOperation bk_operation_tree_list = {
  .name = "tree.list",
  .command = "tree list",
  .summary = N_ ("List the file trees that are to be backed up, and how"),
  .params = no_params,
  .run = run_list,
};

const BkOperation bk_operation_tree_set = {
  .name = "tree.set",
  .command = "tree set",
  .summary = N_ ("Add a file tree to back up, or change what one has and how long it is kept"),
  .params = set_params,
  .run = run_set,
};

const BkOperation bk_operation_tree_remove = {
  .name = "tree.remove",
  .command = "tree remove",
  .summary = N_ ("Do not back up a file tree any more; its backups stay"),
  .params = remove_params,
  .run = run_remove,
};
