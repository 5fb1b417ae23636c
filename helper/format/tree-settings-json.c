#include "format/tree-settings-json.h"

#include "base/error.h"
#include "base/gettext.h"
#include "base/path.h"
#include "format/json.h"
#include "model/tree-exclude.h"

#include <string.h>

#define STORAGES_MAX 1000
#define TASKS_MAX 10000
#define SOURCES_MAX 1000

static gboolean
wrong (GError **error, const char *what, const char *why)
{
  bk_set_error (error, BK_ERROR_USAGE, "%s %s", what, why);
  return FALSE;
}

static gboolean
check_names (JsonObject *object, const char *const *known, const char *what, GError **error)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  json_object_iter_init (&iter, object);
  while (json_object_iter_next (&iter, &name, &node))
    {
      if (!g_strv_contains (known, name))
        {
          g_autofree char *line = bk_error_one_line (name);
          g_autofree char *why =
              g_strdup_printf (_ ("has a member “%s”, which is not known"), line);

          return wrong (error, what, why);
        }
    }
  return TRUE;
}

static gboolean
read_count (JsonObject *object,
            const char *name,
            const char *what,
            guint min,
            guint max,
            guint *value,
            GError **error)
{
  guint64 count;

  if (!json_object_has_member (object, name))
    return TRUE;
  if (!bk_json_count (object, name, what, max, &count, error))
    return FALSE;
  if (count < min)
    return wrong (error, what, _ ("has a number that is too small"));
  *value = (guint) count;
  return TRUE;
}

static gboolean
read_bool (JsonObject *object, const char *name, const char *what, gboolean *value, GError **error)
{
  JsonNode *node = json_object_get_member (object, name);

  if (node == NULL)
    return TRUE;
  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_BOOLEAN)
    return wrong (error, what, _ ("has a member that must be true or false and is not"));
  *value = json_node_get_boolean (node);
  return TRUE;
}

/* An index into @choices, which ends with %NULL; @fallback where the member is missing. */
static int
read_choice (JsonObject *object,
             const char *name,
             const char *const *choices,
             const char *what,
             int fallback,
             GError **error)
{
  const char *text;

  if (!bk_json_string_or_null (object, name, what, &text, error))
    return -1;
  if (text == NULL)
    return fallback;
  for (int i = 0; choices[i] != NULL; i++)
    {
      if (strcmp (choices[i], text) == 0)
        return i;
    }

  g_autofree char *list = g_strjoinv (_ ("” or “"), (char **) choices);
  g_autofree char *why = g_strdup_printf (_ ("has a “%s” that is not “%s”"), name, list);
  wrong (error, what, why);
  return -1;
}

static gboolean
read_policy (BkTreeStorage *storage, JsonObject *object, const char *what, GError **error)
{
  gboolean has_backups = json_object_has_member (object, "max_backups");
  gboolean has_generations = json_object_has_member (object, "max_generations");
  gboolean is_full = storage->type == BK_TREE_STORAGE_FULL;

  if (has_backups && has_generations)
    return wrong (error, what,
                  _ ("has both “max_backups” and “max_generations”; keep one of them"));
  if (has_generations && is_full)
    return wrong (
        error, what,
        _ ("has “max_generations”, which only the type “incremental” knows; use “max_backups”"));
  if (has_backups && !is_full)
    return wrong (error, what,
                  _ ("has “max_backups”, which only the type “full” knows; use “max_generations”"));
  return read_count (object, is_full ? "max_backups" : "max_generations", what, 1,
                     BK_TREE_MAX_COUNT_MAX, &storage->max_count, error) &&
         read_count (object, "full_interval", what, 1, BK_FULL_INTERVAL_DAYS_MAX,
                     &storage->full_interval_days, error);
}

static gboolean
read_storage (BkTreeStorage *storage, JsonObject *object, const char *what, GError **error)
{
  /* assembler_mode is what existing settings have for a server that is not here. */
  static const char *const known[] = { "base_dir",       "type",
                                       "max_backups",    "max_generations",
                                       "full_interval",  "compression_mode",
                                       "assembler_mode", NULL };
  static const char *const types[] = { "full", "incremental", NULL };
  static const char *const modes[] = { "zstd", "gzip", NULL };
  const char *base_dir;

  if (!check_names (object, known, what, error) ||
      !bk_json_string_or_null (object, "base_dir", what, &base_dir, error))
    return FALSE;
  if (base_dir != NULL && !g_path_is_absolute (base_dir))
    return wrong (error, what, _ ("has a “base_dir” that does not begin with “/”"));
  storage->base_dir = g_strdup (base_dir);

  int type = read_choice (object, "type", types, what, BK_TREE_STORAGE_FULL, error);
  int mode = type < 0 ? -1 : read_choice (object, "compression_mode", modes, what, 0, error);
  if (mode < 0)
    return FALSE;
  storage->type = (BkTreeStorageType) type;
  storage->is_gzip = mode == 1;
  return read_policy (storage, object, what, error);
}

static gboolean
read_sources (BkTreeTask *task, JsonObject *object, const char *what, GError **error)
{
  static const char *const known[] = { "path", NULL };
  g_autoptr (GStrvBuilder) paths = g_strv_builder_new ();
  JsonArray *array;

  if (!bk_json_array (object, "sources", what, SOURCES_MAX, &array, error))
    return FALSE;
  if (json_array_get_length (array) == 0)
    return wrong (error, what, _ ("has no “sources”; name at least one"));
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *node = json_array_get_element (array, i);
      const char *path;

      if (!JSON_NODE_HOLDS_OBJECT (node))
        return wrong (error, what, _ ("has a source that is not an object with a “path”"));
      JsonObject *source = json_node_get_object (node);
      if (!check_names (source, known, what, error) ||
          !bk_json_string (source, "path", what, &path, error))
        return FALSE;
      if (!g_path_is_absolute (path))
        return wrong (error, what, _ ("has a source whose path does not begin with “/”"));
      g_strv_builder_add (paths, path);
    }
  task->sources = g_strv_builder_end (paths);
  return TRUE;
}

static gboolean
read_excludes (BkTreeTask *task, JsonObject *object, const char *what, GError **error)
{
  g_autoptr (GStrvBuilder) patterns = g_strv_builder_new ();
  JsonArray *array = NULL;

  if (json_object_has_member (object, "excludes") &&
      !bk_json_array (object, "excludes", what, BK_TREE_EXCLUDES_MAX, &array, error))
    return FALSE;
  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      JsonNode *node = json_array_get_element (array, i);

      if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
        return wrong (error, what, _ ("has an exclude pattern that is not a text"));
      g_strv_builder_add (patterns, json_node_get_string (node));
    }
  task->excludes = g_strv_builder_end (patterns);

  g_autoptr (BkTreeExcludes) parsed =
      bk_tree_excludes_new ((const char *const *) task->excludes, error);
  return parsed != NULL;
}

static gboolean
read_task (BkTreeTask *task, JsonObject *object, const char *what, GError **error)
{
  static const char *const known[] = { "name",
                                       "agent",
                                       "storage",
                                       "sources",
                                       "excludes",
                                       "schedule",
                                       "one_file_system",
                                       "exclude_caches",
                                       "exclude_larger_than_bytes",
                                       "change_detection",
                                       NULL };
  static const char *const detections[] = { "ctime", "mtime", NULL };
  const char *agent, *storage, *schedule;

  if (!check_names (object, known, what, error) ||
      !bk_json_string_or_null (object, "agent", what, &agent, error) ||
      !bk_json_string (object, "storage", what, &storage, error) ||
      !bk_json_string_or_null (object, "schedule", what, &schedule, error))
    return FALSE;
  if (agent != NULL && !bk_name_is_safe (agent))
    return wrong (error, what, _ ("has an “agent” that cannot be the name of a directory"));
  task->agent = g_strdup (agent);
  task->storage = g_strdup (storage);
  task->schedule = g_strdup (schedule);

  int detection = read_choice (object, "change_detection", detections, what, 0, error);
  if (detection < 0)
    return FALSE;
  task->use_ctime = detection == 0;
  return read_sources (task, object, what, error) && read_excludes (task, object, what, error) &&
         read_bool (object, "one_file_system", what, &task->one_file_system, error) &&
         read_bool (object, "exclude_caches", what, &task->skip_caches, error) &&
         (!json_object_has_member (object, "exclude_larger_than_bytes") ||
          bk_json_count (object, "exclude_larger_than_bytes", what, G_MAXINT64,
                         &task->larger_than_bytes, error));
}

static gboolean
read_storages (BkTreeSettings *settings, JsonObject *config, GError **error)
{
  JsonObject *storages;
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  if (!json_object_has_member (config, "storages"))
    return TRUE;
  if (!bk_json_object (config, "storages", "It", &storages, error))
    return FALSE;
  if (json_object_get_size (storages) > STORAGES_MAX)
    return wrong (error, "“storages”", _ ("has too many members"));
  json_object_iter_init (&iter, storages);
  while (json_object_iter_next (&iter, &name, &node))
    {
      g_autofree char *line = bk_error_one_line (name);
      g_autofree char *what = g_strdup_printf (_ ("The storage “%s”"), line);

      if (!JSON_NODE_HOLDS_OBJECT (node))
        return wrong (error, what, _ ("is not an object"));
      BkTreeStorage *storage = bk_tree_storage_new (name);
      g_ptr_array_add (settings->storages, storage);
      if (!read_storage (storage, json_node_get_object (node), what, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_tasks (BkTreeSettings *settings, JsonObject *config, GError **error)
{
  JsonArray *tasks;

  if (!json_object_has_member (config, "backups"))
    return TRUE;
  if (!bk_json_array (config, "backups", "It", TASKS_MAX, &tasks, error))
    return FALSE;
  for (guint i = 0; i < json_array_get_length (tasks); i++)
    {
      JsonNode *node = json_array_get_element (tasks, i);
      const char *name;

      if (!JSON_NODE_HOLDS_OBJECT (node))
        return wrong (error, "“backups”", _ ("has an element that is not an object"));
      JsonObject *object = json_node_get_object (node);
      if (!bk_json_string (object, "name", _ ("A member of “backups”"), &name, error))
        return FALSE;
      g_autofree char *line = bk_error_one_line (name);
      g_autofree char *what = g_strdup_printf (_ ("The backup “%s”"), line);
      if (!bk_name_is_safe (name))
        return wrong (error, what, _ ("has a name that cannot be that of a directory"));
      if (bk_tree_settings_find_task (settings, name) != NULL)
        return wrong (error, what, _ ("is there twice; give one another name"));

      BkTreeTask *task = bk_tree_task_new (name);
      g_ptr_array_add (settings->tasks, task);
      if (!read_task (task, object, what, error))
        return FALSE;
      if (bk_tree_settings_find_storage (settings, task->storage) == NULL)
        {
          g_autofree char *storage = bk_error_one_line (task->storage);
          g_autofree char *why =
              g_strdup_printf (_ ("wants the storage “%s”, which is not in “storages”"), storage);

          return wrong (error, what, why);
        }
    }
  return TRUE;
}

/**
 * bk_tree_settings_from_json:
 * @config: the whole of config.json, hostile until checked
 *
 * Errors: %BK_ERROR_USAGE with what is wrong where.
 *
 * Returns: (transfer full) (nullable): empty where the settings name no trees.
 */
BkTreeSettings *
bk_tree_settings_from_json (JsonObject *config, GError **error)
{
  g_autoptr (BkTreeSettings) settings = bk_tree_settings_new ();
  g_autoptr (GError) local = NULL;

  if (read_storages (settings, config, &local) && read_tasks (settings, config, &local))
    return g_steal_pointer (&settings);
  bk_set_error (error, BK_ERROR_USAGE, "%s", local->message);
  return NULL;
}
