#include "ops/vm/consolidate-private.h"

#include "base/error.h"
#include "base/path.h"
#include "ops/vm/checkpoints.h"
#include "ops/vm/family.h"
#include "store/repository/catalogue.h"
#include "store/repository/point-writer.h"
#include "store/repository/restore-journal-file.h"

#include <string.h>

/*
 * The end of a cycle: base and incrementals become one Full-Merged (ops/vm/consolidate-make.c: its
 * images; ops/vm/merge.c: the ways). The order of its writes, in place:
 *
 *   the family's hashes are checked  →  manifest "consolidating" (from here on only forward)  →
 *   qemu-img commit into each base; the newest incremental reads the same throughout  →  check,
 *   fsync, SHA-256  →  each base gets a second name in the new directory (where the file system
 *   has no links, it is renamed there; never over anything)  →
 *   metadata.json "completed"  →  checkpoint  →  incrementals and base  →  manifest.json last
 *
 * A run that dies is taken up by the next one at the step where it was: a base that is still there
 * is committed into again, one that has moved is done.
 *
 * By clone or copy the images are made in the new directory and nothing of the family is touched
 * before metadata.json says "completed". What was interrupted before that is thrown away, and the
 * family is active again.
 */

/* A restore reads files that are going to be written into, or removed. One that began after the merge
 * knows of it. */
static gboolean
check_not_restoring (BkVmRun *run, GError **error)
{
  g_autofree char *job_id = bk_lock_dup_holder (run->project, BK_RESTORE_LOCK_NAME);

  if (job_id == NULL)
    return TRUE;
  bk_set_error (
      error, BK_ERROR_BUSY,
      "The consolidation of “%s” was not started: job %s restores one of its backups; run "
      "the backup again when that has ended",
      run->vm->name, job_id);
  return FALSE;
}

/* The journal: once this is written, whatever happens ends in the merged backup. */
static gboolean
begin (BkVmRun *run, GError **error)
{
  if (run->cycle->status == BK_CYCLE_CONSOLIDATING)
    {
      bk_vm_run_log (run, BK_LOG_WARNING, run->cycle->merged_id, "recover",
                     "The consolidation was interrupted: it goes on where it was");
      return TRUE;
    }
  if (!check_not_restoring (run, error) || !bk_vm_verify_family (run, error) ||
      !bk_vm_verify_incrementals (run, error))
    return FALSE;

  if (!bk_vm_run_check_space (run, error))
    return FALSE;
  if (run->request->compress && run->request->merge != BK_MERGE_COPY)
    bk_vm_run_log (run, BK_LOG_INFO, NULL, "merge",
                   "Compression needs a copy: the consolidation copies the whole disk");

  gint64 usecs;
  if (!bk_vm_find_free_time (run->project, run->vm->name, &usecs, error))
    return FALSE;
  g_autofree char *merged_id = bk_cycle_backup_id (run->vm->name, BK_CYCLE_PART_MERGED, usecs);
  g_autoptr (BkCycle) journal = bk_cycle_begin_merge (run->cycle, merged_id, run->plan->merge);
  if (!bk_cycle_file_save (run->project, journal, error))
    return FALSE;
  bk_vm_run_set_cycle (run, g_steal_pointer (&journal));
  return TRUE;
}

static char *
merged_full_id (BkVmRun *run)
{
  return g_strconcat (run->project_id, "/", run->cycle->merged_id, NULL);
}

/* @merged: (out) (nullable): %NULL when there is none. One that cannot be read may be complete, and the
 * family half gone: nothing can be done before it can be. */
static gboolean
find_merged (BkVmRun *run, BkBackup **merged, GError **error)
{
  g_autofree char *full_id = merged_full_id (run);
  g_autoptr (GError) local = NULL;

  *merged = bk_catalogue_find (run->repository, full_id, &local);
  if (*merged != NULL || g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/* It needs nothing of the family any more. */
static gboolean
is_complete (const BkBackup *merged)
{
  return merged != NULL && merged->status == BK_BACKUP_COMPLETED;
}

/* Nothing else knows of them once the family is gone, be it one that was left of an earlier run: they go
 * first, or the next run tries. */
static gboolean
delete_checkpoints (BkVmRun *run, GError **error)
{
  g_auto (GStrv) names = bk_vm_checkpoints_find (run, NULL, error);

  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      if (!bk_vm_run_delete_checkpoint (run, names[i], error))
        return FALSE;
    }
  return names != NULL;
}

/* The family is not needed any more. The manifest goes last: until then the next run knows what is
 * still to be cleaned. */
static gboolean
clean_up (BkVmRun *run, GError **error)
{
  const BkCycle *cycle = run->cycle;

  if (!delete_checkpoints (run, error))
    return FALSE;
  for (guint i = cycle->backup_ids->len; i > 0; i--) /* newest first: no chain without its base */
    {
      if (!bk_remove_tree_at (run->project, g_ptr_array_index (cycle->backup_ids, i - 1), error))
        return FALSE;
    }
  if (!bk_sync_directory (run->project, run->project_id, error) ||
      !bk_cycle_file_remove (run->project, error))
    return FALSE;
  bk_vm_run_set_cycle (run, NULL);
  return TRUE;
}

/* The family is as it was: what was made of it goes, and it is active again. */
static gboolean
abandon (BkVmRun *run, const BkBackup *merged, const char *why, GError **error)
{
  g_autoptr (BkCycle) active = bk_cycle_reactivate (run->cycle);
  gint64 now_usecs = g_get_real_time ();

  if (merged != NULL ? !bk_point_discard (run->project, merged, why, now_usecs, error)
                     : !bk_remove_tree_at (run->project, run->cycle->merged_id, error))
    return FALSE;
  if (!bk_cycle_file_save (run->project, active, error))
    return FALSE;
  bk_vm_run_set_cycle (run, g_steal_pointer (&active));
  return TRUE;
}

/**
 * bk_vm_consolidate_recover:
 *
 * Throws away what an interrupted clone or copy left; one in place is finished by the next
 * bk_vm_consolidate() instead.
 *
 * Errors: %BK_ERROR_INTEGRITY and others when it cannot be told whether the merged backup is complete;
 *   nothing is changed then.
 */
gboolean
bk_vm_consolidate_recover (BkVmRun *run, GError **error)
{
  g_autoptr (BkBackup) merged = NULL;

  if (run->cycle == NULL || !bk_cycle_can_be_reactivated (run->cycle))
    return TRUE;
  if (!find_merged (run, &merged, error))
    return FALSE;
  if (is_complete (merged))
    return TRUE; /* only its cleaning up is left */
  bk_vm_run_log (run, BK_LOG_WARNING, run->cycle->merged_id, "recover",
                 "The consolidation (%s) was interrupted: what it made is removed, and the family, "
                 "which it did not touch, is active again",
                 bk_merge_mode_to_string (run->cycle->merge));
  return abandon (run, merged, NULL, error);
}

/* Without a trace where a person cancelled it; else the record says why. */
static void
undo (BkVmRun *run, const GError *why)
{
  gboolean cancelled = bk_error_code (why) == BK_ERROR_CANCELLED;
  g_autoptr (BkBackup) merged = NULL;
  g_autoptr (GError) error = NULL;

  if (!bk_cycle_can_be_reactivated (run->cycle))
    return;
  if (!find_merged (run, &merged, &error) ||
      (!is_complete (merged) && !abandon (run, merged, cancelled ? NULL : why->message, &error)))
    bk_vm_run_log (run, BK_LOG_WARNING, NULL, "backup.clean", "%s; the next run tries again",
                   error->message);
}

/**
 * bk_vm_consolidate:
 * @run: has an active cycle, or one whose consolidation was interrupted
 *
 * Errors: %BK_ERROR_INTEGRITY when the base is not what it was: nothing has changed then. Any
 *   other error leaves the newest point restorable, and the next run goes on.
 *
 * Returns: (transfer full) (nullable): the Full-Merged.
 */
BkBackup *
bk_vm_consolidate (BkVmRun *run, GError **error)
{
  g_autoptr (BkBackup) merged = NULL;
  g_autoptr (GError) local = NULL;

  if (!begin (run, error) || !find_merged (run, &merged, error))
    return NULL;

  g_autofree char *full_id = merged_full_id (run);
  if (!is_complete (merged) && !bk_vm_consolidate_make (run, &local))
    {
      undo (run, local);
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  if (!clean_up (run, error))
    return NULL;
  return bk_catalogue_find (run->repository, full_id, error);
}
