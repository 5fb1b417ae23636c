#include "api/views/vm.h"

#include "base/gettext.h"
#include "format/json.h"

static JsonArray *
view_disks (const BkVm *vm)
{
  JsonArray *disks = json_array_new ();

  for (guint i = 0; i < vm->disks->len; i++)
    {
      const BkVmDisk *disk = g_ptr_array_index (vm->disks, i);
      JsonObject *object = json_object_new ();
      const char *reason;
      BkDiskAbility ability = bk_vm_disk_ability (disk, &reason);

      json_object_set_string_member (object, "target", disk->target);
      bk_json_set_string_or_null (object, "path", disk->path);
      json_object_set_string_member (object, "format", disk->format);
      json_object_set_string_member (object, "device", disk->device);
      json_object_set_int_member (object, "capacity_bytes", (gint64) disk->capacity_bytes);
      json_object_set_int_member (object, "allocation_bytes", (gint64) disk->allocation_bytes);
      json_object_set_string_member (object, "backup", bk_disk_ability_to_string (ability));
      bk_json_set_string_or_null (object, "reason", reason == NULL ? NULL : _ (reason));
      json_array_add_object_element (disks, object);
    }
  return disks;
}

static void
set_last_backup (JsonObject *object, const BkBackup *backup)
{
  if (backup == NULL)
    {
      json_object_set_null_member (object, "last_backup");
      return;
    }

  JsonObject *last = json_object_new ();
  json_object_set_string_member (last, "id", backup->id);
  json_object_set_string_member (last, "type", bk_backup_type_to_string (backup->type));
  bk_json_set_time_or_null (last, "created_at", backup->created_usecs);
  json_object_set_int_member (last, "size_bytes", (gint64) backup->size_bytes);
  json_object_set_object_member (object, "last_backup", last);
}

/**
 * bk_view_vm:
 *
 * Returns: (transfer full): vm.json.
 */
JsonNode *
bk_view_vm (const BkVmEntry *entry)
{
  JsonObject *object = json_object_new ();
  JsonArray *warnings = json_array_new ();

  for (guint i = 0; i < entry->warnings->len; i++)
    {
      const BkVmWarning *warning = g_ptr_array_index (entry->warnings, i);
      JsonObject *view = json_object_new ();

      json_object_set_string_member (view, "code", warning->code);
      json_object_set_string_member (view, "message", warning->message);
      json_array_add_object_element (warnings, view);
    }
  json_object_set_string_member (object, "name", entry->vm->name);
  json_object_set_string_member (object, "uuid", entry->vm->uuid);
  json_object_set_string_member (object, "state", bk_vm_state_to_string (entry->vm->state));
  json_object_set_array_member (object, "disks", view_disks (entry->vm));
  json_object_set_int_member (object, "total_bytes", (gint64) bk_vm_total_bytes (entry->vm));
  set_last_backup (object, entry->last_backup);
  json_object_set_string_member (object, "next_step", bk_cycle_step_to_string (entry->next_step));
  json_object_set_int_member (object, "incrementals_count", entry->incrementals_count);
  json_object_set_int_member (object, "max_incrementals", entry->max_incrementals);
  bk_json_set_string_or_null (object, "job_id", entry->job_id);
  json_object_set_array_member (object, "warnings", warnings);
  return bk_json_object_node (object);
}

/**
 * bk_view_vm_removed:
 *
 * Returns: (transfer full): vm-removed.json.
 */
JsonNode *
bk_view_vm_removed (const char *uuid)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "uuid", uuid);
  json_object_set_boolean_member (object, "removed", TRUE);
  return bk_json_object_node (object);
}

/**
 * bk_view_vm_list_result:
 *
 * Returns: (transfer full): vm-list-result.json.
 */
JsonNode *
bk_view_vm_list_result (guint count, const GPtrArray *unused_images)
{
  JsonObject *object = json_object_new ();
  JsonArray *images = json_array_new ();

  for (guint i = 0; i < unused_images->len; i++)
    {
      const BkVmImage *image = g_ptr_array_index (unused_images, i);
      JsonObject *view = json_object_new ();

      json_object_set_string_member (view, "path", image->path);
      json_object_set_string_member (view, "pool", image->pool);
      bk_json_set_string_or_null (view, "format", image->format);
      json_object_set_int_member (view, "capacity_bytes", (gint64) image->capacity_bytes);
      json_object_set_int_member (view, "allocation_bytes", (gint64) image->allocation_bytes);
      json_array_add_object_element (images, view);
    }
  json_object_set_int_member (object, "count", count);
  json_object_set_array_member (object, "unused_images", images);
  return bk_json_object_node (object);
}

/**
 * bk_view_vm_backup:
 *
 * Returns: (transfer full): one of `backups` in vm-backup-result.json.
 */
JsonObject *
bk_view_vm_backup (const char *vm, const BkVmBackupOutcome *outcome)
{
  JsonObject *object = json_object_new ();
  JsonObject *extra = outcome->backup->extra;

  json_object_set_string_member (object, "vm", vm);
  json_object_set_string_member (object, "project_id", outcome->backup->project_id);
  json_object_set_string_member (object, "step", outcome->step);
  json_object_set_string_member (object, "backup_id", outcome->backup->id);
  json_object_set_int_member (object, "size_bytes", (gint64) outcome->backup->size_bytes);
  json_object_set_double_member (object, "seconds",
                                 (double) (outcome->duration_usecs / 1000) / 1000);
  if (extra != NULL && json_object_has_member (extra, "warnings"))
    json_object_set_member (object, "warnings", json_object_dup_member (extra, "warnings"));
  else
    json_object_set_array_member (object, "warnings", json_array_new ());
  return object;
}
