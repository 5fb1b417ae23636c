/* How what the model decided of the disks becomes the files of a point, and its names. Nothing is
 * written. */
#include "ops/vm/copy-private.h"

#include "base/error.h"
#include "base/gettext.h"

#include <string.h>

/**
 * bk_vm_copy_part:
 *
 * Returns: (transfer none): the word for @kind in names of files and backups.
 */
const char *
bk_vm_copy_part (BkPointKind kind)
{
  switch (kind)
    {
    case BK_POINT_BASE:
      return BK_CYCLE_PART_BASE;
    case BK_POINT_INCREMENTAL:
      return BK_CYCLE_PART_INCREMENTAL;
    case BK_POINT_STANDALONE:
      return BK_CYCLE_PART_SNAPSHOT;
    case BK_POINT_MERGED:
      break;
    }
  return BK_CYCLE_PART_MERGED;
}

/**
 * bk_vm_copy_warn:
 *
 * What a person should look at: kept with the backup, and in the log.
 */
void
bk_vm_copy_warn (BkVmCopy *copy, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  char *message = g_strdup_vprintf (bk_gettext (format), args);
  va_end (args);
  g_ptr_array_add (copy->point->warnings, message);
  bk_vm_run_log (copy->run, BK_LOG_WARNING, NULL, "backup.warning", "%s", message);
}

static void
log_disk (BkVmCopy *copy, const BkPlanDisk *disk)
{
  if (disk->reason == NULL)
    return;
  if (disk->is_unexpected)
    bk_vm_copy_warn (copy, "%s: %s", disk->target, disk->reason);
  else
    bk_vm_run_log (copy->run, BK_LOG_INFO, NULL, "backup.disk", "%s: %s", disk->target,
                   disk->reason);
}

static void
log_plan (BkVmCopy *copy)
{
  const BkVmPlan *plan = copy->run->plan;

  for (guint i = 0; i < plan->warnings->len; i++)
    {
      const BkPlanWarning *warning = g_ptr_array_index (plan->warnings, i);

      if (warning->is_kept)
        bk_vm_copy_warn (copy, "%s", warning->message);
    }
  for (guint i = 0; i < plan->disks->len; i++)
    {
      const BkPlanDisk *disk = g_ptr_array_index (plan->disks, i);

      log_disk (copy, disk);
    }
}

static void
add_disk (BkVmCopy *copy, const BkPlanDisk *planned, gint64 usecs)
{
  const BkVmDisk *known = bk_vm_find_disk (copy->run->vm, planned->target);
  g_autofree char *name = bk_cycle_file_name (copy->run->vm->name, planned->target,
                                              bk_vm_copy_part (copy->point->kind), usecs);
  g_autofree char *file = g_strconcat (BK_POINT_DATA "/", name, NULL);
  BkPointDisk *disk = bk_vm_point_add_disk (copy->point, planned->target, file, planned->parent,
                                            known->capacity_bytes);

  if (known->images->len > 0)
    disk->image = g_strdup (g_ptr_array_index (known->images, 0));
}

/* The point's disks as the plan says now; a checkpoint, where it makes one, of a name not used before. */
static void
apply_plan (BkVmCopy *copy)
{
  const BkVmPlan *plan = copy->run->plan;

  g_ptr_array_set_size (copy->point->disks, 0);
  for (guint i = 0; i < plan->disks->len; i++)
    {
      const BkPlanDisk *planned = g_ptr_array_index (plan->disks, i);

      if (planned->action != BK_PLAN_NONE)
        add_disk (copy, planned, copy->usecs);
    }
  g_clear_pointer (&copy->point->checkpoint, g_free);
  if (bk_vm_plan_makes_checkpoint (plan))
    copy->point->checkpoint = bk_vm_checkpoint_name (copy->usecs, g_random_int ());
}

/**
 * bk_vm_copy_plan:
 * @copy: gets its point, by the plan of its run
 */
void
bk_vm_copy_plan (BkVmCopy *copy, BkPointKind kind)
{
  BkVmRun *run = copy->run;

  copy->point = bk_vm_point_new (kind, run->vm->name, run->vm->uuid);
  log_plan (copy);
  apply_plan (copy);
}

/**
 * bk_vm_copy_plan_without:
 * @lost_disk: (nullable): of which QEMU has found that it does not know what changed; %NULL: it may
 *   be any
 *
 * Decides again with what was learnt: that disk's chain begins anew inside the cycle, and where
 * nobody knows which disk it is, each one's does.
 *
 * Errors: %BK_ERROR_INTEGRITY if there is nothing that could be done without.
 */
gboolean
bk_vm_copy_plan_without (BkVmCopy *copy, const char *lost_disk, GError **error)
{
  BkVmRun *run = copy->run;
  GPtrArray *recorded = run->facts.recorded;
  g_autoptr (GPtrArray) targets = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; recorded != NULL && i < recorded->len; i++)
    {
      BkRecordedDisk *disk = g_ptr_array_index (recorded, i);

      if (disk->is_lost || (lost_disk != NULL && strcmp (disk->target, lost_disk) != 0))
        continue;
      disk->is_lost = TRUE;
      g_ptr_array_add (targets, g_strdup (disk->target));
    }
  if (targets->len == 0)
    {
      bk_set_error (
          error, BK_ERROR_INTEGRITY,
          "The copy of the VM “%s” did not begin: libvirt finds a bitmap broken that it was "
          "not asked for; run “cockpit-backup vm forget %s” to begin a new cycle",
          run->vm->name, run->vm->name);
      return FALSE;
    }
  if (!bk_vm_run_decide (run, error))
    return FALSE;
  for (guint i = 0; i < targets->len; i++)
    log_disk (copy, bk_vm_plan_find_disk (run->plan, g_ptr_array_index (targets, i)));
  apply_plan (copy);
  return TRUE;
}
