#include "api/views/vm.h"
#include "format/json.h"

static JsonArray *
view_disks (const BkVmPlan *plan)
{
  JsonArray *disks = json_array_new ();

  for (guint i = 0; i < plan->disks->len; i++)
    {
      const BkPlanDisk *disk = g_ptr_array_index (plan->disks, i);
      JsonObject *object = json_object_new ();

      json_object_set_string_member (object, "target", disk->target);
      json_object_set_string_member (object, "action", bk_plan_action_to_string (disk->action));
      bk_json_set_string_or_null (object, "reason", disk->reason);
      if (disk->action == BK_PLAN_FULL)
        json_object_set_int_member (object, "needed_bytes", (gint64) disk->needed_bytes);
      else
        json_object_set_null_member (object, "needed_bytes"); /* known only when it is done */
      json_array_add_object_element (disks, object);
    }
  return disks;
}

static JsonArray *
view_warnings (const BkVmPlan *plan)
{
  JsonArray *warnings = json_array_new ();

  for (guint i = 0; i < plan->warnings->len; i++)
    {
      const BkPlanWarning *warning = g_ptr_array_index (plan->warnings, i);
      JsonObject *object = json_object_new ();

      json_object_set_string_member (object, "code", warning->code);
      json_object_set_string_member (object, "message", warning->message);
      json_array_add_object_element (warnings, object);
    }
  return warnings;
}

static JsonArray *
view_removes (const BkVmPlan *plan)
{
  JsonArray *removes = json_array_new ();

  for (guint i = 0; i < plan->removes->len; i++)
    json_array_add_string_element (removes, g_ptr_array_index (plan->removes, i));
  return removes;
}

/**
 * bk_view_vm_planned:
 *
 * Returns: (transfer full): one of `vms` in vm-backup-plan.json.
 */
JsonObject *
bk_view_vm_planned (const BkVmPlanned *planned)
{
  const BkVmPlan *plan = planned->plan;
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "vm", planned->vm);
  json_object_set_string_member (object, "project_id", planned->project_id);
  json_object_set_string_member (object, "step", plan->step);
  bk_json_set_string_or_null (
      object, "merge", plan->removes->len == 0 ? NULL : bk_merge_mode_to_string (plan->merge));
  json_object_set_string_member (object, "reason", plan->reason);
  bk_json_set_string_or_null (object, "job_id", planned->job_id);
  json_object_set_array_member (object, "disks", view_disks (plan));
  json_object_set_int_member (object, "needed_bytes", (gint64) plan->needed_bytes);
  json_object_set_int_member (object, "free_bytes", (gint64) plan->free_bytes);
  json_object_set_array_member (object, "removes", view_removes (plan));
  json_object_set_array_member (object, "warnings", view_warnings (plan));
  return object;
}
