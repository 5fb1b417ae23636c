#include "ops/vm/recover.h"

#include "base/atomic-file.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "base/path.h"
#include "format/vm-point-json.h"
#include "ops/backup/delete.h"
#include "ops/vm/bitmaps.h"
#include "ops/vm/checkpoints.h"
#include "store/repository/catalogue.h"
#include "store/repository/point-writer.h"
#include "store/repository/restore-journal-file.h"

#include <string.h>

/*
 * What a run that died can have left behind, and what the next one does about it. It holds the
 * project's lock, so nobody else is in the middle of anything.
 *
 * | left behind                                    | done about it                                 |
 * | a copy that QEMU still writes into the project | ended                                         |
 * | a VM started paused for its backup             | stopped again                                 |
 * | a completed backup that no manifest names yet  | added to its cycle: it was complete           |
 * | a backup that says "running"                   | its files removed, its record kept failed     |
 * | a Full-Merged that does, and no manifest       | left, and said: bases may be in it only       |
 * | a checkpoint of a backup of ours, not the last | deleted; its changes go to the one before     |
 * | one noted of a backup that is gone             | the same (store/repository/checkpoint-note.c) |
 * | a bitmap that libvirt has no checkpoint for    | removed (ops/vm/bitmaps.c)                    |
 * | a removal of a backup that was under way       | finished                                      |
 * | temporary names, directories without metadata  | removed                                       |
 */

static BkVmPoint *
read_point (const BkBackup *backup)
{
  return bk_vm_point_from_json (backup->extra, backup->id, NULL);
}

static gboolean
end_orphaned_copy (BkVmRun *run, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autofree char *file = NULL;

  if (!bk_vm_is_active (run->vm))
    return TRUE;
  file = bk_hypervisor_running_backup_file (run->hypervisor, run->vm->uuid, &local);
  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (file == NULL)
    return TRUE;

  if (!bk_vm_run_owns_file (run, file))
    {
      bk_set_error (error, BK_ERROR_BUSY,
                    "Another program is backing up the VM “%s”; wait until it has ended",
                    run->vm->name);
      return FALSE;
    }
  bk_vm_run_log (run, BK_LOG_WARNING, NULL, "recover",
                 "An earlier run was interrupted while it copied the VM: that copy is ended");
  return bk_hypervisor_abort_backup (run->hypervisor, run->vm->uuid, error) &&
         bk_vm_run_refresh (run, error);
}

static const char *
file_hash (gconstpointer hashes, const char *file)
{
  const BkBackupFile *entry = bk_backup_find_file (hashes, file);

  return entry == NULL ? "" : entry->sha256;
}

/* Complete, but the run died before manifest.json could say so. Its checkpoint, or a note where its
 * disks can have none, tells it from a family that was given up: that one's is gone. */
static gboolean
is_joining (
    BkVmRun *run, const BkBackup *backup, const BkVmPoint *point, gboolean *is, GError **error)
{
  if (point->checkpoint != NULL)
    return bk_vm_run_has_checkpoint (run, point->checkpoint, is, error);
  *is = bk_cycle_file_is_joining (run->project, backup->id);
  return TRUE;
}

static gboolean
adopt_if_complete (BkVmRun *run, const BkBackup *backup, const BkVmPoint *point, GError **error)
{
  gboolean continues =
      run->cycle == NULL
          ? point->kind == BK_POINT_BASE
          : point->kind == BK_POINT_INCREMENTAL &&
                g_strcmp0 (backup->parent_backup_id, bk_cycle_newest_backup_id (run->cycle)) == 0;
  gboolean joining = FALSE;

  if (backup->status != BK_BACKUP_COMPLETED || !continues ||
      strcmp (point->uuid, run->vm->uuid) != 0 ||
      (run->cycle != NULL && bk_cycle_names_backup (run->cycle, backup->id)))
    return TRUE;
  if (!is_joining (run, backup, point, &joining, error))
    return FALSE;
  if (!joining)
    return TRUE;

  guint max = run->cycle == NULL ? 0 : run->cycle->max_incrementals;
  g_autoptr (BkCycle) extended =
      bk_cycle_extend (run->cycle, point, backup->id, file_hash, backup, max);
  if (!bk_cycle_file_save (run->project, extended, error))
    return FALSE;
  bk_vm_run_set_cycle (run, g_steal_pointer (&extended));
  bk_vm_run_log (run, BK_LOG_WARNING, backup->id, "recover",
                 "“%s” was complete when its run was interrupted: it is part of the cycle now",
                 backup->id);
  return TRUE;
}

/* Anything of ours but the checkpoint that the next incremental starts from. */
static gboolean
delete_stale_checkpoints (BkVmRun *run, GError **error)
{
  const char *last = run->cycle == NULL ? NULL : run->cycle->last_checkpoint_name;
  g_auto (GStrv) names = bk_vm_checkpoints_find (run, last, error);

  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      bk_vm_run_log (run, BK_LOG_INFO, NULL, "recover", "The checkpoint “%s” is no longer needed",
                     names[i]);
      if (!bk_vm_run_delete_checkpoint (run, names[i], error))
        return FALSE;
    }
  return names != NULL;
}

static gboolean
remove_interrupted (BkVmRun *run, const BkBackup *backup, GError **error)
{
  if (run->cycle != NULL && bk_cycle_is_merging_into (run->cycle, backup->id))
    return TRUE; /* the consolidation takes it up again */
  if (bk_cycle_is_backup_id (run->vm->name, BK_CYCLE_PART_MERGED, backup->id))
    {
      bk_vm_run_log (
          run, BK_LOG_WARNING, backup->id, "recover",
          "“%s” is not complete, and no manifest.json knows of it: it is left, because "
          "bases of a cycle may be in it and nowhere else; when nothing of that cycle is "
          "missing, delete it",
          backup->id);
      return TRUE;
    }
  bk_vm_run_log (run, BK_LOG_WARNING, backup->id, "recover",
                 "“%s” was interrupted before it was complete: its files are removed", backup->id);
  return bk_point_discard (run->project, backup, _ ("The run that made it was interrupted"),
                           g_get_real_time (), error);
}

/* Whether a run of ours made this and died before it had metadata, or while it removed it. Of a
 * Full-Merged nothing is ever a stray: a person may have lost its metadata, and still has its disks. */
static gboolean
is_stray (BkVmRun *run, const char *name)
{
  g_autofree char *metadata = g_build_filename (name, "metadata.json", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;

  if (g_str_has_prefix (name, BK_TEMPORARY_PREFIX))
    return !bk_restore_journal_owns_name (name); /* a restore can be under way beside this run */
  if (!bk_cycle_is_backup_id (run->vm->name, NULL, name) ||
      bk_cycle_is_backup_id (run->vm->name, BK_CYCLE_PART_MERGED, name))
    return FALSE;
  /* A directory whose metadata is there but broken is evidence, not a stray. */
  bytes = bk_read_small_file (run->project, metadata, G_MAXUINT16, &error);
  return g_error_matches (error, BK_ERROR, BK_ERROR_NOT_FOUND);
}

/* What was being written beside a backup's record, or among its files, when the run died. */
static gboolean
remove_temporaries (int dirfd, GError **error)
{
  g_autoptr (GPtrArray) names = bk_list_directory (dirfd, error);

  for (guint i = 0; names != NULL && i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);

      if (g_str_has_prefix (name, BK_TEMPORARY_PREFIX) && !bk_remove_tree_at (dirfd, name, error))
        return FALSE;
    }
  return names != NULL;
}

static gboolean
tidy_backup (BkVmRun *run, const char *name, GError **error)
{
  autofd int backup = bk_open_directory_at (run->project, name, NULL);
  autofd int data = backup < 0 ? -1 : bk_open_directory_at (backup, BK_POINT_DATA, NULL);

  return (backup < 0 || remove_temporaries (backup, error)) &&
         (data < 0 || remove_temporaries (data, error));
}

static gboolean
remove_strays (BkVmRun *run, GError **error)
{
  g_autoptr (GPtrArray) names = bk_list_directory (run->project, error);

  for (guint i = 0; names != NULL && i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);

      if (is_stray (run, name) && !bk_remove_tree_at (run->project, name, error))
        return FALSE;
      if (bk_cycle_is_backup_id (run->vm->name, NULL, name) && !tidy_backup (run, name, error))
        return FALSE;
    }
  return names != NULL;
}

/**
 * bk_vm_recover_checkpoints:
 *
 * Deletes the checkpoints and the bitmaps of this program that no cycle needs any more. libvirt deletes none of a VM
 * that is off: one that a power cut stopped has them until a run starts it for its copy.
 */
gboolean
bk_vm_recover_checkpoints (BkVmRun *run, GError **error)
{
  gboolean is_active;

  if (!bk_hypervisor_get_active (run->hypervisor, run->vm->uuid, &is_active, error))
    return FALSE;
  return !is_active ||
         (delete_stale_checkpoints (run, error) && bk_vm_bitmaps_remove_orphans (run, error) &&
          bk_vm_checkpoints_settle (run, error));
}

/**
 * bk_vm_recover:
 *
 * Brings the project back to a state that a run can start from (the table above), and says in the
 * log what it did.
 */
gboolean
bk_vm_recover (BkVmRun *run, GError **error)
{
  g_autoptr (GPtrArray) backups =
      bk_catalogue_list (run->repository, run->project_id, NULL, NULL, run->cancellable, error);

  if (backups == NULL || !end_orphaned_copy (run, error))
    return FALSE;
  for (guint i = 0; i < backups->len; i++)
    {
      const BkBackup *backup = g_ptr_array_index (backups, i);
      g_autoptr (BkVmPoint) point = read_point (backup);

      if (point != NULL && !adopt_if_complete (run, backup, point, error))
        return FALSE;
    }
  bk_cycle_file_forget_joining (run->project);
  if (!bk_vm_recover_checkpoints (run, error))
    return FALSE;
  for (guint i = 0; i < backups->len; i++)
    {
      const BkBackup *backup = g_ptr_array_index (backups, i);

      if (backup->status == BK_BACKUP_RUNNING && !remove_interrupted (run, backup, error))
        return FALSE;
    }
  return bk_vm_run_recover_start (run, error) &&
         bk_backup_delete_recover (run->repository, run->project_id, run->reporter, error) &&
         remove_strays (run, error) &&
         /* It may have been read while a job was ending, when libvirt does not tell disks' sizes. */
         bk_vm_run_refresh (run, error);
}
