#include "ops/vm/merging.h"

#include "base/error.h"
#include "base/fd.h"
#include "store/repository/catalogue.h"

#include <string.h>

void
bk_vm_merging_clear (BkMerging *merging)
{
  g_clear_pointer (&merging->cycle, bk_cycle_free);
}

static gboolean
is_merged (BkRepository *repository, const BkBackup *backup, const BkCycle *cycle)
{
  g_autofree char *full_id = g_strconcat (backup->project_id, "/", cycle->merged_id, NULL);
  g_autoptr (BkBackup) merged = bk_catalogue_find (repository, full_id, NULL);

  return merged != NULL && merged->status == BK_BACKUP_COMPLETED;
}

static gboolean
can_be_in_cycle (const BkBackup *backup)
{
  if (!g_str_has_prefix (backup->project_id, "vm/"))
    return FALSE;

  const char *vm = backup->project_id + strlen ("vm/");
  return bk_cycle_is_backup_id (vm, BK_CYCLE_PART_BASE, backup->id) ||
         bk_cycle_is_backup_id (vm, BK_CYCLE_PART_INCREMENTAL, backup->id);
}

/**
 * bk_vm_merging_look:
 * @merging: (out): clear it with bk_vm_merging_clear()
 *
 * Looks whether a consolidation of @backup's cycle is under way, or was interrupted.
 */
gboolean
bk_vm_merging_look (BkRepository *repository,
                    const BkBackup *backup,
                    BkMerging *merging,
                    GError **error)
{
  memset (merging, 0, sizeof *merging);
  /* What can be in no cycle is read whatever became of the manifest. */
  if (!can_be_in_cycle (backup))
    return TRUE;

  g_autoptr (GError) local = NULL;
  autofd int project = bk_repository_open_project (repository, backup->project_id, error);
  if (project < 0)
    return FALSE;
  /* A manifest that cannot be trusted says nothing; what it would, the backup's own sums tell. */
  if (!bk_cycle_file_load (project, backup->project_id, &merging->cycle, &local) &&
      !g_error_matches (local, BK_ERROR, BK_ERROR_INTEGRITY))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }

  const BkCycle *cycle = merging->cycle;
  if (cycle == NULL || cycle->status != BK_CYCLE_CONSOLIDATING ||
      !bk_cycle_names_backup (cycle, backup->id))
    return TRUE;
  if (is_merged (repository, backup, cycle))
    merging->role = BK_MERGING_DONE;
  else if (cycle->merge == BK_MERGE_IN_PLACE)
    merging->role = strcmp (bk_cycle_newest_backup_id (cycle), backup->id) == 0 ? BK_MERGING_NEWEST
                                                                                : BK_MERGING_OLDER;
  return TRUE;
}

/**
 * bk_vm_merging_writes:
 * @file: of @backup, relative to its directory
 *
 * Returns: whether the consolidation writes into this file, so that its SHA-256 is no longer what was
 *   recorded.
 */
gboolean
bk_vm_merging_writes (const BkMerging *merging, const BkBackup *backup, const char *file)
{
  const BkCycle *cycle = merging->role == BK_MERGING_NEWEST ? merging->cycle : NULL;
  g_autofree char *path = g_build_filename (backup->id, file, NULL);

  for (guint i = 0; cycle != NULL && i < cycle->disks->len; i++)
    {
      const BkCycleDisk *disk = g_ptr_array_index (cycle->disks, i);

      if (strcmp (disk->base_full_file, path) == 0)
        return TRUE;
    }
  return FALSE;
}

/**
 * bk_vm_merging_check_usable:
 *
 * Errors: %BK_ERROR_BUSY when @backup cannot be read as it was, and which one can.
 */
gboolean
bk_vm_merging_check_usable (const BkMerging *merging, const BkBackup *backup, GError **error)
{
  const BkCycle *cycle = merging->cycle;

  switch (merging->role)
    {
    case BK_MERGING_NOT:
    case BK_MERGING_NEWEST:
      return TRUE;
    case BK_MERGING_DONE:
      bk_set_error (error, BK_ERROR_BUSY,
                    "“%s” was consolidated into “%s” and is being removed; use that one",
                    backup->id, cycle->merged_id);
      return FALSE;
    case BK_MERGING_OLDER:
      break;
    }
  bk_set_error (error, BK_ERROR_BUSY,
                "“%s” is being consolidated in place into “%s”: its base is written into, so that "
                "of this cycle only the newest point, “%s”, can be restored; the next backup of "
                "“%s” finishes a consolidation that was interrupted",
                backup->id, cycle->merged_id, bk_cycle_newest_backup_id (cycle), cycle->vm);
  return FALSE;
}
