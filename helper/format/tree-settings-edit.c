#include "format/tree-settings-edit.h"

#include "base/error.h"
#include "format/json.h"

#include <string.h>

#define SCHEDULES_MAX 10000
#define TREE_PREFIX "tree/"

/* ---- what is there ---- */

static JsonObject *
section (JsonObject *config, const char *name, GError **error)
{
  JsonObject *object;

  if (!json_object_has_member (config, name))
    json_object_set_object_member (config, name, json_object_new ());
  return bk_json_object (config, name, "It", &object, error) ? object : NULL;
}

static JsonArray *
tasks_of (JsonObject *config, GError **error)
{
  JsonArray *array;

  if (!json_object_has_member (config, "backups"))
    json_object_set_array_member (config, "backups", json_array_new ());
  return bk_json_array (config, "backups", "It", G_MAXUINT, &array, error) ? array : NULL;
}

static JsonObject *
task_at (JsonArray *tasks, guint i)
{
  JsonNode *node = json_array_get_element (tasks, i);

  return JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

static gboolean
has_text (JsonObject *object, const char *member, const char *text)
{
  const char *value;

  return object != NULL && bk_json_string_or_null (object, member, "It", &value, NULL) &&
         g_strcmp0 (value, text) == 0;
}

/* @index: (out) (optional) */
static JsonObject *
find_task (JsonArray *tasks, const char *name, guint *index)
{
  for (guint i = 0; i < json_array_get_length (tasks); i++)
    {
      if (!has_text (task_at (tasks, i), "name", name))
        continue;
      if (index != NULL)
        *index = i;
      return task_at (tasks, i);
    }
  return NULL;
}

static gboolean
is_shared (JsonArray *tasks, JsonObject *task, const char *storage)
{
  for (guint i = 0; i < json_array_get_length (tasks); i++)
    {
      if (task_at (tasks, i) != task && has_text (task_at (tasks, i), "storage", storage))
        return TRUE;
    }
  return FALSE;
}

static gboolean
set_no_task (GError **error, const char *name)
{
  g_autofree char *line = bk_error_one_line (name);

  bk_set_error (error, BK_ERROR_NOT_FOUND, "There is no “%s” in “backups” of the settings", line);
  return FALSE;
}

/* ---- trees ---- */

static void
put_lists (JsonObject *task, const BkTreeTaskChange *change)
{
  JsonArray *sources = json_array_new ();
  JsonArray *excludes = json_array_new ();

  for (guint i = 0; change->sources[i] != NULL; i++)
    {
      JsonObject *source = json_object_new ();

      json_object_set_string_member (source, "path", change->sources[i]);
      json_array_add_object_element (sources, source);
    }
  for (guint i = 0; change->excludes[i] != NULL; i++)
    json_array_add_string_element (excludes, change->excludes[i]);
  json_object_set_array_member (task, "sources", sources);
  json_object_set_array_member (task, "excludes", excludes);
}

static void
put_policy (JsonObject *storage, const BkTreeTaskChange *change)
{
  gboolean is_incremental = has_text (storage, "type", "incremental");

  if (change->max_count > 0)
    json_object_set_int_member (storage, is_incremental ? "max_generations" : "max_backups",
                                change->max_count);
  if (change->full_interval_days > 0 && is_incremental)
    json_object_set_int_member (storage, "full_interval", change->full_interval_days);
}

static gboolean
has_other_policy (JsonObject *storage, const BkTreeTaskChange *change)
{
  JsonObject *copy = json_object_new ();
  g_autoptr (JsonNode) before = json_node_alloc ();
  g_autoptr (JsonNode) after = json_node_alloc ();
  g_autoptr (GList) names = json_object_get_members (storage);

  for (GList *l = names; l != NULL; l = l->next)
    json_object_set_member (copy, l->data, json_object_dup_member (storage, l->data));
  json_node_init_object (before, storage);
  json_node_init_object (after, copy);
  json_object_unref (copy);
  put_policy (copy, change);
  return !json_node_equal (before, after);
}

static gboolean
put_storage (JsonObject *storages,
             JsonArray *tasks,
             JsonObject *task,
             const BkTreeTaskChange *change,
             GError **error)
{
  const char *name;
  JsonObject *storage;

  if (!bk_json_string (task, "storage", "It", &name, error) ||
      !bk_json_object (storages, name, "“storages”", &storage, error))
    return FALSE;
  if (!is_shared (tasks, task, name))
    {
      put_policy (storage, change);
      return TRUE;
    }
  if (!has_other_policy (storage, change))
    return TRUE;
  g_autofree char *line = bk_error_one_line (name);
  bk_set_error (
      error, BK_ERROR_USAGE,
      "“%s” shares the storage “%s” with others: change how long it keeps in “storages” of "
      "the settings file",
      change->name, line);
  return FALSE;
}

static JsonObject *
add_task (JsonArray *tasks, JsonObject *storages, const char *name)
{
  JsonObject *task = json_object_new ();

  json_object_set_string_member (task, "name", name);
  json_object_set_string_member (task, "storage", name);
  if (!json_object_has_member (storages, name))
    {
      JsonObject *storage = json_object_new ();

      json_object_set_string_member (storage, "type", "incremental");
      json_object_set_object_member (storages, name, storage);
    }
  json_array_add_object_element (tasks, task);
  return task;
}

/**
 * bk_tree_settings_put:
 * @config: changed in place, also when this fails
 *
 * Adds a tree to back up, with a storage of its own and of its name, or changes the one of that name.
 *
 * Errors: %BK_ERROR_USAGE when the storage is not its alone and would have to change.
 */
gboolean
bk_tree_settings_put (JsonObject *config, const BkTreeTaskChange *change, GError **error)
{
  JsonObject *storages = section (config, "storages", error);
  JsonArray *tasks = storages == NULL ? NULL : tasks_of (config, error);

  if (tasks == NULL)
    return FALSE;
  JsonObject *task = find_task (tasks, change->name, NULL);
  if (task == NULL)
    task = add_task (tasks, storages, change->name);
  put_lists (task, change);
  return put_storage (storages, tasks, task, change, error);
}

/**
 * bk_tree_settings_remove:
 *
 * What was backed up stays; only it is not backed up any more.
 *
 * Errors: %BK_ERROR_NOT_FOUND.
 */
gboolean
bk_tree_settings_remove (JsonObject *config, const char *name, GError **error)
{
  JsonObject *storages = section (config, "storages", error);
  JsonArray *tasks = storages == NULL ? NULL : tasks_of (config, error);
  guint index = 0;

  if (tasks == NULL)
    return FALSE;
  JsonObject *task = find_task (tasks, name, &index);
  if (task == NULL)
    return set_no_task (error, name);

  /* The storage goes only where it was made for this one, by its name. */
  if (has_text (task, "storage", name) && !is_shared (tasks, task, name))
    json_object_remove_member (storages, name);
  json_array_remove_element (tasks, index);
  return TRUE;
}

/* ---- schedules ---- */

void
bk_schedule_free (BkSchedule *schedule)
{
  g_free (schedule->what);
  g_free (schedule->text);
  g_free (schedule);
}

/**
 * bk_schedules_put:
 * @text: (nullable): %NULL for none any more
 *
 * That of a tree stands with it in “backups”, the others in “schedules”.
 *
 * Errors: %BK_ERROR_NOT_FOUND for a tree that is not there.
 */
gboolean
bk_schedules_put (JsonObject *config, const char *what, const char *text, GError **error)
{
  gboolean is_tree = g_str_has_prefix (what, TREE_PREFIX);
  const char *member = is_tree ? "schedule" : what;
  JsonObject *object;

  if (is_tree)
    {
      JsonArray *tasks = tasks_of (config, error);

      if (tasks == NULL)
        return FALSE;
      object = find_task (tasks, what + strlen (TREE_PREFIX), NULL);
      if (object == NULL)
        return set_no_task (error, what + strlen (TREE_PREFIX));
    }
  else if ((object = section (config, "schedules", error)) == NULL)
    return FALSE;

  if (text != NULL)
    json_object_set_string_member (object, member, text);
  else
    json_object_remove_member (object, member);
  return TRUE;
}

static void
add_schedule (GPtrArray *schedules, char *what, const char *text)
{
  BkSchedule *schedule = g_new0 (BkSchedule, 1);

  schedule->what = what;
  schedule->text = g_strdup (text);
  g_ptr_array_add (schedules, schedule);
}

/**
 * bk_schedules_list:
 * @config: hostile until checked
 *
 * Returns: (transfer full) (nullable) (element-type BkSchedule): all that are set.
 */
GPtrArray *
bk_schedules_list (JsonObject *config, GError **error)
{
  g_autoptr (GPtrArray) schedules =
      g_ptr_array_new_with_free_func ((GDestroyNotify) bk_schedule_free);
  JsonObject *object = section (config, "schedules", error);
  JsonArray *tasks = object == NULL ? NULL : tasks_of (config, error);

  if (tasks == NULL)
    return NULL;
  g_autoptr (GList) names = json_object_get_members (object);
  for (GList *l = names; l != NULL && schedules->len < SCHEDULES_MAX; l = l->next)
    {
      const char *text;

      if (!bk_json_string (object, l->data, "“schedules”", &text, error))
        return NULL;
      add_schedule (schedules, g_strdup (l->data), text);
    }
  for (guint i = 0; i < json_array_get_length (tasks) && schedules->len < SCHEDULES_MAX; i++)
    {
      JsonObject *task = task_at (tasks, i);
      const char *name, *text;

      if (task != NULL && bk_json_string_or_null (task, "schedule", "It", &text, NULL) &&
          text != NULL && bk_json_string (task, "name", "It", &name, NULL))
        add_schedule (schedules, g_strconcat (TREE_PREFIX, name, NULL), text);
    }
  return g_steal_pointer (&schedules);
}
