#include "api/view-tree.h"

#include "format/json.h"

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
