#include "api/views/vm.h"
#include "base/error.h"
#include "base/gettext.h"
#include "format/json.h"

static const char *
mode_to_string (BkRestoreMode mode)
{
  switch (mode)
    {
    case BK_RESTORE_TO_DIRECTORY:
      return "directory";
    case BK_RESTORE_AS_NEW:
      return "new";
    case BK_RESTORE_IN_PLACE:
      break;
    }
  return "in-place";
}

static JsonArray *
view_reads (const BkVmRestorePlan *plan)
{
  JsonArray *reads = json_array_new ();

  for (guint i = 0; i < plan->reads->len; i++)
    json_array_add_string_element (reads, g_ptr_array_index (plan->reads, i));
  return reads;
}

static JsonArray *
view_files (const BkVmRestorePlan *plan)
{
  JsonArray *files = json_array_new ();

  for (guint i = 0; i < plan->files->len; i++)
    {
      const BkRestorePlanFile *file = g_ptr_array_index (plan->files, i);
      JsonObject *object = json_object_new ();

      json_object_set_string_member (object, "target", file->target);
      json_object_set_string_member (object, "path", file->path);
      json_object_set_string_member (object, "format", file->format);
      json_object_set_int_member (object, "capacity_bytes", (gint64) file->capacity_bytes);
      json_object_set_boolean_member (object, "replaces", file->replaces);
      json_array_add_object_element (files, object);
    }
  return files;
}

static JsonArray *
view_obstacles (const BkVmRestorePlan *plan)
{
  JsonArray *obstacles = json_array_new ();

  for (guint i = 0; i < plan->obstacles->len; i++)
    {
      const BkRestoreObstacle *obstacle = g_ptr_array_index (plan->obstacles, i);
      JsonObject *object = json_object_new ();

      bk_json_set_string_or_null (object, "field", obstacle->field);
      json_object_set_string_member (object, "problem", bk_error_problem (obstacle->error));
      json_object_set_string_member (object, "message", obstacle->error->message);
      json_array_add_object_element (obstacles, object);
    }
  return obstacles;
}

static JsonArray *
view_warnings (const BkVmRestorePlan *plan)
{
  JsonArray *warnings = json_array_new ();

  if (plan->impassable != NULL)
    {
      JsonObject *object = json_object_new ();
      g_autofree char *message =
          g_strdup_printf (_ ("QEMU's user cannot pass the directory “%s”: run “chmod o+x %s”."),
                           plan->impassable, plan->impassable);

      json_object_set_string_member (object, "code", "not-passable");
      json_object_set_string_member (object, "message", message);
      json_array_add_object_element (warnings, object);
    }
  return warnings;
}

/**
 * bk_view_vm_restore_plan:
 *
 * Returns: (transfer full): vm-restore-plan.json.
 */
JsonNode *
bk_view_vm_restore_plan (const BkVmRestorePlan *plan)
{
  JsonObject *object = json_object_new ();

  json_object_set_boolean_member (object, "plan", TRUE);
  json_object_set_string_member (object, "mode", mode_to_string (plan->mode));
  json_object_set_string_member (object, "backup_id", plan->backup_id);
  json_object_set_string_member (object, "vm", plan->vm);
  json_object_set_array_member (object, "reads", view_reads (plan));
  json_object_set_array_member (object, "files", view_files (plan));
  json_object_set_int_member (object, "needed_bytes", (gint64) plan->needed_bytes);
  json_object_set_int_member (object, "free_bytes", (gint64) plan->free_bytes);
  json_object_set_boolean_member (object, "ends_cycle", plan->ends_cycle);
  bk_json_set_string_or_null (object, "job_id", plan->job_id);
  json_object_set_array_member (object, "obstacles", view_obstacles (plan));
  json_object_set_array_member (object, "warnings", view_warnings (plan));
  return bk_json_object_node (object);
}
