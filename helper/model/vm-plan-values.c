#include "model/vm-plan.h"

#include <string.h>

static void
plan_disk_free (gpointer data)
{
  BkPlanDisk *disk = data;

  g_free (disk->target);
  g_free (disk->reason);
  g_free (disk->parent);
  g_free (disk);
}

static void
plan_warning_free (gpointer data)
{
  BkPlanWarning *warning = data;

  g_free (warning->message);
  g_free (warning);
}

BkVmPlan *
bk_vm_plan_new (void)
{
  BkVmPlan *plan = g_new0 (BkVmPlan, 1);

  plan->disks = g_ptr_array_new_with_free_func (plan_disk_free);
  plan->warnings = g_ptr_array_new_with_free_func (plan_warning_free);
  plan->removes = g_ptr_array_new_with_free_func (g_free);
  return plan;
}

void
bk_vm_plan_free (BkVmPlan *plan)
{
  g_ptr_array_unref (plan->disks);
  g_ptr_array_unref (plan->warnings);
  g_ptr_array_unref (plan->removes);
  g_free (plan);
}

void
bk_recorded_disk_free (BkRecordedDisk *disk)
{
  g_free (disk->target);
  g_free (disk);
}

/**
 * bk_vm_plan_find_disk:
 * @target: vda
 *
 * Returns: (transfer none) (nullable): what the plan does with it.
 */
const BkPlanDisk *
bk_vm_plan_find_disk (const BkVmPlan *plan, const char *target)
{
  for (guint i = 0; i < plan->disks->len; i++)
    {
      const BkPlanDisk *disk = g_ptr_array_index (plan->disks, i);

      if (strcmp (disk->target, target) == 0)
        return disk;
    }
  return NULL;
}

/**
 * bk_vm_plan_makes_checkpoint:
 *
 * Returns: whether any disk's changes are to be recorded from now on.
 */
gboolean
bk_vm_plan_makes_checkpoint (const BkVmPlan *plan)
{
  for (guint i = 0; i < plan->disks->len; i++)
    {
      if (((const BkPlanDisk *) g_ptr_array_index (plan->disks, i))->records)
        return TRUE;
    }
  return FALSE;
}

const char *
bk_plan_action_to_string (BkPlanAction action)
{
  static const char *const names[] = {
    [BK_PLAN_FULL] = "full",
    [BK_PLAN_INCREMENTAL] = "incremental",
    [BK_PLAN_MERGE] = "merge",
    [BK_PLAN_NONE] = "none",
  };

  return names[action];
}
