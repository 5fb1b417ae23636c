#include "model/vm-plan.h"

#include "base/error.h"
#include "base/gettext.h"
#include "base/quantity.h"

#include <string.h>

static BkPlanWarning *
warn (BkVmPlan *plan, const char *code, char *message)
{
  BkPlanWarning *warning = g_new0 (BkPlanWarning, 1);

  warning->code = code;
  warning->message = message;
  g_ptr_array_add (plan->warnings, warning);
  return warning;
}

static void
warn_and_keep (BkVmPlan *plan, const char *code, char *message)
{
  warn (plan, code, message)->is_kept = TRUE;
}

static BkPlanDisk *
add_disk (BkVmPlan *plan,
          const char *target,
          BkPlanAction action,
          const char *reason,
          guint64 needed_bytes)
{
  BkPlanDisk *planned = g_new0 (BkPlanDisk, 1);

  planned->target = g_strdup (target);
  planned->action = action;
  planned->reason = g_strdup (reason);
  planned->needed_bytes = needed_bytes;
  plan->needed_bytes += needed_bytes;
  /* What a guest discarded counts as changed and takes no room: that is no reason not to begin. */
  if (action != BK_PLAN_INCREMENTAL)
    plan->certain_bytes += needed_bytes;
  g_ptr_array_add (plan->disks, planned);
  return planned;
}

/* The cycle of another VM of the same name is not this one's. */
static const BkCycle *
own_cycle (const BkVmPlanFacts *facts)
{
  const BkCycle *cycle = facts->cycle;

  return cycle != NULL && (cycle->status == BK_CYCLE_CONSOLIDATING ||
                           strcmp (cycle->uuid, facts->vm->uuid) == 0)
             ? cycle
             : NULL;
}

static gboolean
is_excluded (const BkVmPlanFacts *facts, const char *target)
{
  return facts->exclude_disks != NULL && g_strv_contains (facts->exclude_disks, target);
}

static const BkRecordedDisk *
find_recorded (const BkVmPlanFacts *facts, const char *target)
{
  for (guint i = 0; facts->recorded != NULL && i < facts->recorded->len; i++)
    {
      const BkRecordedDisk *disk = g_ptr_array_index (facts->recorded, i);

      if (strcmp (disk->target, target) == 0)
        return disk;
    }
  return NULL;
}

static gboolean
is_checkpoint_lost (const BkVmPlanFacts *facts)
{
  const BkCycle *cycle = own_cycle (facts);

  return cycle != NULL && cycle->last_checkpoint_name != NULL && facts->recorded == NULL;
}

/* Why a disk that can be copied incrementally is not, this time; NULL: it is. */
static const char *
why_in_full (const BkVmPlanFacts *facts, const BkVmDisk *disk)
{
  const BkCycleDisk *chain = bk_cycle_find_disk (own_cycle (facts), disk->target);
  const BkRecordedDisk *recorded = find_recorded (facts, disk->target);

  if (chain == NULL)
    return _ ("It was added since the last backup: it is copied in full this time.");
  if (is_checkpoint_lost (facts))
    return _ ("libvirt has lost the checkpoint of the last backup, which told what changed since: "
              "it is copied in full this time.");
  if (!bk_vm_disk_is_image (disk, chain->image))
    return _ ("It is not the image it was at the last backup: it is copied in full this time.");
  if (recorded == NULL)
    return _ ("What changed on it since the last backup was not recorded: it is copied in full "
              "this time.");
  if (recorded->is_lost)
    return _ ("Its bitmap, which told what changed since the last backup, is missing or broken: it "
              "is copied in full this time.");
  return NULL;
}

static void
plan_incremental (BkVmPlan *plan, const BkVmPlanFacts *facts, const BkVmDisk *disk)
{
  const char *why = why_in_full (facts, disk);
  BkPlanDisk *planned;

  if (why == NULL)
    {
      planned = add_disk (plan, disk->target, BK_PLAN_INCREMENTAL, NULL,
                          find_recorded (facts, disk->target)->changed_bytes);
      planned->parent =
          g_strdup (bk_cycle_disk_top (bk_cycle_find_disk (own_cycle (facts), disk->target)));
    }
  else
    {
      planned = add_disk (plan, disk->target, BK_PLAN_FULL, why, bk_vm_disk_full_bytes (disk));
      planned->is_unexpected = !is_checkpoint_lost (facts); /* that is said once for all disks */
    }
  planned->records = TRUE;
}

static void
plan_full_or_incremental (BkVmPlan *plan,
                          const BkVmPlanFacts *facts,
                          gboolean continues,
                          const BkVmDisk *disk)
{
  const char *reason;
  gboolean can_record = bk_vm_disk_ability (disk, &reason) == BK_DISK_INCREMENTAL;

  if (continues && can_record)
    plan_incremental (plan, facts, disk);
  else
    add_disk (plan, disk->target, BK_PLAN_FULL, reason == NULL ? NULL : _ (reason),
              bk_vm_disk_full_bytes (disk))
        ->records = can_record && !facts->standalone;
}

static void
plan_copy (BkVmPlan *plan, const BkVmPlanFacts *facts, gboolean continues)
{
  for (guint i = 0; i < facts->vm->disks->len; i++)
    {
      const BkVmDisk *disk = g_ptr_array_index (facts->vm->disks, i);
      const char *reason;
      BkDiskAbility ability = bk_vm_disk_ability (disk, &reason);

      if (ability == BK_DISK_NONE && reason == NULL)
        continue; /* a cdrom or floppy */
      if (ability == BK_DISK_NONE)
        {
          add_disk (plan, disk->target, BK_PLAN_NONE, _ (reason), 0);
          warn_and_keep (plan, "disk-not-backed-up",
                         g_strdup_printf ("%s: %s", disk->target, _ (reason)));
        }
      else if (is_excluded (facts, disk->target))
        add_disk (plan, disk->target, BK_PLAN_NONE, _ ("It is left out, as asked for."), 0);
      else
        plan_full_or_incremental (plan, facts, continues, disk);
    }
}

static BkMergeMode
choose_merge (const BkVmPlanFacts *facts)
{
  if (facts->cycle->status == BK_CYCLE_CONSOLIDATING)
    return facts->cycle->merge; /* as it was begun */
  if (facts->merge != BK_MERGE_AUTO)
    return facts->merge;
  return facts->can_clone ? BK_MERGE_CLONE : BK_MERGE_IN_PLACE;
}

/* A consolidation works on the files of the cycle; what the VM has now does not matter to it. */
static void
plan_merge (BkVmPlan *plan, const BkVmPlanFacts *facts)
{
  const BkCycle *cycle = facts->cycle;

  for (guint i = 0; i < cycle->disks->len; i++)
    {
      const BkCycleDisk *disk = g_ptr_array_index (cycle->disks, i);

      add_disk (plan, disk->target, BK_PLAN_MERGE, NULL, 0);
    }
  for (guint i = 0; i < cycle->backup_ids->len; i++)
    g_ptr_array_add (plan->removes, g_strdup (g_ptr_array_index (cycle->backup_ids, i)));
  plan->merge = choose_merge (facts);
  plan->needed_bytes =
      facts->incrementals_bytes + (plan->merge == BK_MERGE_COPY ? facts->bases_bytes : 0);
  plan->certain_bytes = plan->needed_bytes;
}

static gboolean
has_something_to_copy (const BkVmPlan *plan)
{
  for (guint i = 0; i < plan->disks->len; i++)
    {
      if (((const BkPlanDisk *) g_ptr_array_index (plan->disks, i))->action != BK_PLAN_NONE)
        return TRUE;
    }
  return FALSE;
}

static gboolean
check_excludes (const BkVmPlanFacts *facts, GError **error)
{
  const char *const *exclude = facts->exclude_disks;

  for (; exclude != NULL && *exclude != NULL; exclude++)
    {
      g_autofree char *line = bk_error_one_line (*exclude);

      if (bk_vm_find_disk (facts->vm, *exclude) != NULL)
        continue;
      bk_set_error (
          error, BK_ERROR_USAGE,
          "The VM “%s” has no disk “%s” to exclude; “cockpit-backup vm list --json” shows "
          "its disks",
          facts->vm->name, line);
      return FALSE;
    }
  return TRUE;
}

/* A VM that is off cannot be started without one of its disks, not even for a copy; whether it can without
 * one that is left out, libvirt knows. */
static gboolean
check_disks_there (const BkVmPlanFacts *facts, GError **error)
{
  const BkVm *vm = facts->vm;

  for (guint i = 0; i < vm->disks->len && !bk_vm_is_active (vm); i++)
    {
      const BkVmDisk *disk = g_ptr_array_index (vm->disks, i);
      gboolean is_needed = disk->is_gone && !is_excluded (facts, disk->target);
      g_autoptr (BkDiskTrouble) trouble = is_needed ? bk_vm_disk_trouble (vm, disk) : NULL;

      if (trouble == NULL)
        continue;
      bk_set_error (error, BK_ERROR_UNAVAILABLE, "The VM “%s” cannot be backed up: %s: %s",
                    vm->name, disk->target, trouble->message);
      return FALSE;
    }
  return TRUE;
}

/* What only older points have goes with them when the cycle is consolidated. */
static void
warn_of_removed_disks (BkVmPlan *plan, const BkVmPlanFacts *facts)
{
  const BkCycle *cycle = own_cycle (facts);

  for (guint i = 0; i < cycle->disks->len; i++)
    {
      const char *target = ((const BkCycleDisk *) g_ptr_array_index (cycle->disks, i))->target;

      if (bk_vm_find_disk (facts->vm, target) == NULL)
        warn_and_keep (plan, "disk-removed",
                       g_strdup_printf (_ ("%s is not a disk of the VM any more: only the older "
                                           "backups of this cycle have it, and the consolidation "
                                           "removes them. Pin one to keep it."),
                                        target));
    }
}

static const char *
reason_of (const BkVmPlanFacts *facts, BkCycleStep step)
{
  if (facts->standalone)
    return _ ("A standalone copy was asked for; the cycle goes on unchanged.");
  switch (step)
    {
    case BK_STEP_INCREMENTAL:
      return _ ("The cycle has room for another incremental.");
    case BK_STEP_CONSOLIDATION:
      return facts->cycle->status == BK_CYCLE_CONSOLIDATING
                 ? _ ("A consolidation was interrupted: it is finished first.")
                 : _ ("The cycle has as many incrementals as it may: they are consolidated.");
    case BK_STEP_BASE:
    default:
      return facts->cycle == NULL ? _ ("No cycle is active: a new one begins.")
                                  : _ ("The cycle is of another VM of this name: a new one begins, "
                                       "the old backups are kept.");
    }
}

static void
warn_of_troubles (BkVmPlan *plan, const BkVm *vm)
{
  for (guint i = 0; i < vm->disks->len; i++)
    {
      const BkVmDisk *disk = g_ptr_array_index (vm->disks, i);
      g_autoptr (BkDiskTrouble) trouble = bk_vm_disk_trouble (vm, disk);

      if (trouble != NULL)
        warn (plan, trouble->code, g_strdup_printf ("%s: %s", disk->target, trouble->message));
    }
}

static void
warn_of_space (BkVmPlan *plan)
{
  g_autofree char *needs = bk_size_text (plan->needed_bytes);
  g_autofree char *has = bk_size_text (plan->free_bytes);

  if (plan->certain_bytes > plan->free_bytes)
    warn (plan, "no-space",
          g_strdup_printf (_ ("It needs %s in the repository, which has %s."), needs, has));
  else
    warn (
        plan, "little-space",
        g_strdup_printf (_ ("It may need up to %s in the repository, which has %s."), needs, has));
}

static void
warn_of_facts (BkVmPlan *plan, const BkVmPlanFacts *facts, gboolean copies, BkCycleStep step)
{
  if (facts->cycle != NULL && own_cycle (facts) == NULL)
    warn (plan, "other-vm",
          g_strdup (_ ("The backups of this name are of another VM; the next one begins a new "
                       "cycle.")));
  if (facts->former_name != NULL)
    warn_and_keep (plan, "renamed",
                   g_strdup_printf (_ ("It was backed up as “%s” before: those backups stay under "
                                       "that name, and a cycle of its own begins under this one. "
                                       "“cockpit-backup vm forget %s” ends the old one."),
                                    facts->former_name, facts->former_name));
  if (step == BK_STEP_INCREMENTAL && !facts->standalone && is_checkpoint_lost (facts))
    warn_and_keep (plan, "checkpoint-missing",
                   g_strdup (_ ("libvirt has lost the checkpoint that the next incremental starts "
                                "from: every disk is copied in full this time.")));
  if (step == BK_STEP_INCREMENTAL && !facts->standalone)
    warn_of_removed_disks (plan, facts);
  warn_of_troubles (plan, facts->vm);
  if (copies && facts->impassable != NULL)
    warn (plan, "not-passable",
          g_strdup_printf (_ ("QEMU's user cannot pass the directory “%s”: run “chmod o+x %s”."),
                           facts->impassable, facts->impassable));
  if (plan->needed_bytes > plan->free_bytes)
    warn_of_space (plan);
}

/**
 * bk_vm_plan_decide:
 *
 * Errors: %BK_ERROR_USAGE for a disk to exclude that the VM does not have; %BK_ERROR_UNSUPPORTED
 *   when there is nothing to back up, or the VM's memory is saved; %BK_ERROR_UNAVAILABLE when the VM is off
 *   and a disk of it is not there: a consolidation too starts a VM that is off, for its checkpoint.
 *
 * Returns: (transfer full) (nullable): what a run that finds these facts does.
 */
BkVmPlan *
bk_vm_plan_decide (const BkVmPlanFacts *facts, GError **error)
{
  BkCycleStep step = bk_cycle_next_step (own_cycle (facts), facts->max_incrementals);
  gboolean copies = facts->standalone || step != BK_STEP_CONSOLIDATION;

  if (!bk_vm_check_no_saved_memory (facts->vm, error) ||
      (copies && !check_excludes (facts, error)) || !check_disks_there (facts, error))
    return NULL;

  g_autoptr (BkVmPlan) plan = bk_vm_plan_new ();
  plan->step = facts->standalone ? "standalone" : bk_cycle_step_to_string (step);
  plan->reason = reason_of (facts, step);
  plan->free_bytes = facts->free_bytes;
  if (copies)
    plan_copy (plan, facts, !facts->standalone && step == BK_STEP_INCREMENTAL);
  else
    plan_merge (plan, facts);
  if (!has_something_to_copy (plan))
    {
      bk_set_error (error, BK_ERROR_UNSUPPORTED, "The VM “%s” has no disk that can be backed up",
                    facts->vm->name);
      return NULL;
    }
  warn_of_facts (plan, facts, copies, step);
  return g_steal_pointer (&plan);
}
