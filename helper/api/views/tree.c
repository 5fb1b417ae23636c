#include "api/views/tree.h"

#include "base/timestamp.h"
#include "format/json.h"

#include <string.h>

/**
 * bk_view_set_tree_path:
 * @object: gets “path”, and “path_base64” for one whose bytes are not UTF-8, which JSON cannot have
 * @path: as it is on the disk
 */
void
bk_view_set_tree_path (JsonObject *object, const char *path)
{
  if (g_utf8_validate (path, -1, NULL))
    {
      json_object_set_string_member (object, "path", path);
      return;
    }
  g_autofree char *valid = g_utf8_make_valid (path, -1);
  g_autofree char *base64 = g_base64_encode ((const guchar *) path, strlen (path));

  json_object_set_string_member (object, "path", valid);
  json_object_set_string_member (object, "path_base64", base64);
}

static void
add_done (JsonObject *object, const BkTreeBackupResult *result)
{
  const BkTreeWritten *written = result->written;
  JsonArray *warnings = json_array_new ();

  json_object_set_string_member (object, "backup_id", result->backup->id);
  json_object_set_int_member (object, "size_bytes", (gint64) result->backup->size_bytes);
  json_object_set_int_member (object, "entries", (gint64) written->entries_count);
  json_object_set_int_member (object, "added", (gint64) written->added_count);
  json_object_set_int_member (object, "modified", (gint64) written->modified_count);
  json_object_set_int_member (object, "deleted", (gint64) written->deleted_count);
  json_object_set_int_member (object, "unchanged", (gint64) written->unchanged_count);
  json_object_set_int_member (object, "carried", (gint64) written->carried_count);
  json_object_set_double_member (object, "seconds",
                                 (gdouble) (result->duration_usecs / 1000) / 1000);
  json_object_set_int_member (object, "warnings_count", (gint64) written->warnings_count);
  for (guint i = 0; i < written->warnings->len; i++)
    json_array_add_string_element (warnings, g_ptr_array_index (written->warnings, i));
  json_object_set_array_member (object, "warnings", warnings);
}

/**
 * bk_view_tree_backup:
 * @name: of the backup in the settings
 *
 * Returns: (transfer full): tree-backup-result.json; of a plan, without what only a run has.
 */
JsonNode *
bk_view_tree_backup (const char *name, const char *project_id, const BkTreeBackupResult *result)
{
  JsonObject *object = json_object_new ();
  JsonArray *rotated = json_array_new ();

  json_object_set_string_member (object, "name", name);
  json_object_set_string_member (object, "project_id", project_id);
  json_object_set_string_member (object, "step", result->plan.is_full ? "full" : "incremental");
  json_object_set_string_member (object, "generation", result->generation);
  json_object_set_int_member (object, "sequence", result->plan.sequence);
  json_object_set_string_member (object, "reason",
                                 bk_generation_reason_to_string (result->plan.reason));
  json_object_set_string_member (object, "explanation",
                                 bk_generation_reason_explain (result->plan.reason));
  for (char **generation = result->rotated; *generation != NULL; generation++)
    json_array_add_string_element (rotated, *generation);
  json_object_set_array_member (object, "rotated", rotated);
  if (result->backup != NULL)
    add_done (object, result);
  return bk_json_object_node (object);
}

static const char *
type_of (guint32 mode)
{
  static const struct
  {
    guint32 bit;
    const char *name;
  } types[] = {
    { BK_TREE_MODE_DIRECTORY, "directory" }, { BK_TREE_MODE_SYMLINK, "link" },
    { BK_TREE_MODE_DEVICE, "device" },       { BK_TREE_MODE_PIPE, "pipe" },
    { BK_TREE_MODE_SOCKET, "socket" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      if ((mode & types[i].bit) != 0)
        return types[i].name;
    }
  return (mode & BK_TREE_MODE_TYPE) == 0 ? "file" : "other";
}

/**
 * bk_view_tree_listed:
 *
 * Returns: (transfer full): tree-entry.json.
 */
JsonNode *
bk_view_tree_listed (const BkTreeListed *listed)
{
  JsonObject *object = json_object_new ();
  const char *type = type_of (listed->mode);
  gboolean is_directory = strcmp (type, "directory") == 0;
  g_autofree char *path = g_strconcat ("/", listed->path, NULL);
  g_autofree char *name = g_utf8_make_valid (listed->name, -1);
  g_autofree char *mode = g_strdup_printf ("%04o", bk_tree_mode_to_stat (listed->mode) & 07777);

  json_object_set_string_member (object, "name", name);
  bk_view_set_tree_path (object, path);
  json_object_set_string_member (object, "type", type);
  json_object_set_int_member (object, "size_bytes",
                              is_directory ? (gint64) listed->below_bytes : listed->size_bytes);
  if (is_directory)
    json_object_set_int_member (object, "entries_count", (gint64) listed->below_count);
  else
    json_object_set_null_member (object, "entries_count");
  bk_json_set_string_or_null (object, "mode", listed->is_implied ? NULL : mode);
  if (listed->is_implied)
    {
      json_object_set_null_member (object, "mtime");
      json_object_set_null_member (object, "origin");
      return bk_json_object_node (object);
    }
  g_autofree char *mtime = bk_time_to_iso (listed->mtime_nsec / 1000);
  json_object_set_string_member (object, "mtime", mtime);
  json_object_set_int_member (object, "origin", listed->origin);
  return bk_json_object_node (object);
}

/**
 * bk_view_tree_browsed:
 *
 * Returns: (transfer full): tree-browse-result.json.
 */
JsonNode *
bk_view_tree_browsed (const char *project_id, guint64 offset, const BkTreeBrowsed *browsed)
{
  JsonObject *object = json_object_new ();
  g_autofree char *path = g_utf8_make_valid (browsed->path, -1);

  json_object_set_string_member (object, "project_id", project_id);
  json_object_set_string_member (object, "backup_id", browsed->backup->id);
  json_object_set_string_member (object, "generation", browsed->generation);
  bk_json_set_time_or_null (object, "created_at", browsed->backup->created_usecs);
  json_object_set_string_member (object, "path", path);
  json_object_set_int_member (object, "offset", (gint64) offset);
  json_object_set_int_member (object, "count", (gint64) browsed->count);
  json_object_set_boolean_member (object, "count_is_complete", browsed->is_complete);
  json_object_set_int_member (object, "entries_count", (gint64) browsed->entries_count);
  return bk_json_object_node (object);
}

static void
set_texts (JsonObject *object, const char *name, char **texts)
{
  JsonArray *array = json_array_new ();

  for (char **text = texts; text != NULL && *text != NULL; text++)
    json_array_add_string_element (array, *text);
  json_object_set_array_member (object, name, array);
}

/**
 * bk_view_tree_task:
 *
 * Returns: (transfer full): tree-task.json.
 */
JsonNode *
bk_view_tree_task (const BkTreeTask *task, const BkTreeStorage *storage, const char *project_id)
{
  JsonObject *object = json_object_new ();
  gboolean is_incremental = storage->type == BK_TREE_STORAGE_INCREMENTAL;

  json_object_set_string_member (object, "name", task->name);
  json_object_set_string_member (object, "project_id", project_id);
  set_texts (object, "sources", task->sources);
  set_texts (object, "excludes", task->excludes);
  bk_json_set_string_or_null (object, "schedule", task->schedule);
  json_object_set_string_member (object, "storage", storage->name);
  json_object_set_string_member (object, "type", is_incremental ? "incremental" : "full");
  bk_json_set_string_or_null (object, "base_dir", storage->base_dir);
  json_object_set_string_member (object, "compression", storage->is_gzip ? "gzip" : "zstd");
  json_object_set_int_member (object, "full_interval_days", storage->full_interval_days);
  json_object_set_int_member (object, "keep_count", storage->max_count);
  return bk_json_object_node (object);
}
