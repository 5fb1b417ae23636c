#include "api/views/backup.h"

#include "format/json.h"

static guint64
sum_bytes (const GPtrArray *backups)
{
  guint64 total = 0;

  for (guint i = 0; i < backups->len; i++)
    total += ((const BkBackup *) g_ptr_array_index (backups, i))->size_bytes;
  return total;
}

/**
 * bk_view_deleted:
 * @deleted: (element-type BkBackup)
 *
 * Returns: (transfer full): member `result` of a job of backup.delete.
 */
JsonNode *
bk_view_deleted (const char *full_id, const GPtrArray *deleted)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "deleted", full_id);
  json_object_set_int_member (object, "count", deleted->len);
  json_object_set_int_member (object, "size_bytes", (gint64) sum_bytes (deleted));
  return bk_json_object_node (object);
}

/**
 * bk_view_delete_plan:
 *
 * Returns: (transfer full): backup-delete-plan.json.
 */
JsonNode *
bk_view_delete_plan (const char *full_id, const BkBackupDeletePlan *plan)
{
  JsonObject *object = json_object_new ();
  JsonArray *dependents = json_array_new ();

  for (guint i = 0; i + 1 < plan->removals->len; i++)
    {
      const BkBackup *backup = g_ptr_array_index (plan->removals, i);

      json_array_add_string_element (dependents, backup->id);
    }
  json_object_set_boolean_member (object, "plan", TRUE);
  json_object_set_string_member (object, "backup_id", full_id);
  json_object_set_array_member (object, "dependents", dependents);
  json_object_set_int_member (object, "size_bytes", (gint64) plan->size_bytes);
  json_object_set_boolean_member (object, "asks_for_name", plan->asks_for_name);
  bk_json_set_string_or_null (object, "cycle_vm", plan->cycle_vm);
  bk_json_set_string_or_null (object, "job_id", plan->job_id);
  return bk_json_object_node (object);
}
