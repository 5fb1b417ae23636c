#include "ops/vm/copy-private.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "base/path.h"
#include "format/vm-point-json.h"
#include "ops/vm/recover.h"
#include "ops/vm/state.h"

#include <errno.h>
#include <fcntl.h>

/*
 * A Base or an Incremental. The order of its writes:
 *
 *   metadata.json "running"  →  empty targets, domain.xml  →  QEMU copies (checkpoint in the same
 *   instant)  →  SHA-256, fsync  →  metadata.json "completed"  →  manifest.json  →  the checkpoint
 *   before it is deleted
 *
 * Whatever dies in between, bk_vm_recover() finds its way back (ops/vm/recover.c).
 */

static void
copy_clear (BkVmCopy *copy)
{
  g_clear_pointer (&copy->point, bk_vm_point_free);
  g_clear_pointer (&copy->request, bk_vm_backup_free);
  g_clear_pointer (&copy->writer, bk_point_writer_free);
}

static BkBackup *
new_backup (BkVmCopy *copy)
{
  BkVmRun *run = copy->run;
  BkPointKind kind = copy->point->kind;
  const char *label = run->request->pin_label;
  BkBackupType type = kind == BK_POINT_INCREMENTAL ? BK_BACKUP_INCREMENTAL
                      : kind == BK_POINT_BASE      ? BK_BACKUP_FULL
                      : label != NULL              ? BK_BACKUP_CHECKPOINT
                                                   : BK_BACKUP_SNAPSHOT;
  g_autofree char *id = bk_cycle_backup_id (run->vm->name, bk_vm_copy_part (kind), copy->usecs);
  BkBackup *backup = bk_backup_new (id, run->project_id, type);

  backup->created_usecs = MAX (g_get_real_time (), copy->usecs);
  if (kind == BK_POINT_INCREMENTAL)
    backup->parent_backup_id = g_strdup (bk_cycle_newest_backup_id (run->cycle));
  if (kind == BK_POINT_STANDALONE && label != NULL)
    backup->tags = g_strdupv ((char *[]){ (char *) label, NULL });
  backup->extra = bk_vm_point_to_json (copy->point);
  return backup;
}

static gboolean
open_writer (BkVmCopy *copy, GError **error)
{
  copy->writer =
      bk_point_writer_open (copy->run->project, copy->run->project_path, new_backup (copy), error);
  return copy->writer != NULL;
}

static gboolean
keep_state (BkVmCopy *copy, GError **error)
{
  BkVmRun *run = copy->run;
  BkVmStateMissing missing;

  if (!bk_vm_state_keep (copy->writer, run->hypervisor, run->vm->uuid, &missing, error))
    return FALSE;
  if (missing.misses_nvram && bk_vm_is_active (run->vm))
    bk_vm_copy_warn (copy, "The file of the VM's UEFI variables is not there: the backup has none, "
                           "and a VM restored from it begins with those of its template");
  else if (missing.misses_nvram)
    bk_vm_run_log (run, BK_LOG_INFO, NULL, "backup.nvram",
                   "The VM has not been started yet: it has no UEFI variables to back up");
  if (missing.misses_tpm)
    bk_vm_copy_warn (copy,
                     "The state of the VM's TPM is not where libvirt keeps it: the backup has "
                     "none, and a VM restored from it begins with an empty TPM");
  return TRUE;
}

static gboolean
start_if_off (BkVmCopy *copy, GError **error)
{
  BkVmRun *run = copy->run;

  if (bk_vm_is_active (run->vm))
    return TRUE;
  copy->point->started_paused = TRUE;
  json_object_unref (bk_point_writer_backup (copy->writer)->extra);
  bk_point_writer_backup (copy->writer)->extra = bk_vm_point_to_json (copy->point);
  if (!bk_point_writer_write_metadata (copy->writer, error))
    return FALSE;
  bk_vm_run_log (run, BK_LOG_INFO, NULL, "vm.start",
                 "The VM is off: it is started paused for the copy, and stopped again after it");
  copy->started_paused = bk_vm_run_start_paused (run, error);
  return copy->started_paused && bk_vm_recover_checkpoints (run, error);
}

static gboolean
seal_files (BkVmCopy *copy, GError **error)
{
  BkVmRun *run = copy->run;
  BkBackup *backup = bk_point_writer_backup (copy->writer);
  BkHashing hashing = { run, "hash", 0, 0 };

  for (guint i = 0; i < copy->point->disks->len; i++)
    {
      const BkPointDisk *disk = g_ptr_array_index (copy->point->disks, i);
      g_autofree char *path = g_strconcat (backup->id, "/", disk->file, NULL);
      guint64 size_bytes = 0;

      if (!bk_vm_run_file_size (run, path, &size_bytes, error))
        return FALSE;
      hashing.total_bytes += size_bytes;
    }
  for (guint i = 0; i < copy->point->disks->len; i++)
    {
      const BkPointDisk *disk = g_ptr_array_index (copy->point->disks, i);
      g_autofree char *path = g_strconcat (backup->id, "/", disk->file, NULL);
      guint64 size_bytes;
      autofd int fd = bk_open_file_at (run->project, path, error);

      if (fd < 0)
        return FALSE;
      /* The disk writes what QEMU left in memory while the processor hashes it. */
      sync_file_range (fd, 0, 0, SYNC_FILE_RANGE_WRITE);
      g_autofree char *sha256 = bk_vm_run_hash (&hashing, path, &size_bytes, error);
      if (sha256 == NULL)
        return FALSE;
      if (fdatasync (fd) < 0)
        return bk_error_set_errno (error, errno, "“%s” cannot be made durable", path);
      bk_backup_add_file (backup, disk->file, size_bytes, sha256);
    }
  return TRUE;
}

static const char *
file_hash (gconstpointer hashes, const char *file)
{
  return bk_backup_find_file (hashes, file)->sha256;
}

static gboolean
commit (BkVmCopy *copy, GError **error)
{
  BkVmRun *run = copy->run;
  BkBackup *backup = bk_point_writer_backup (copy->writer);
  gboolean joins = copy->point->kind != BK_POINT_STANDALONE && copy->point->checkpoint == NULL;

  json_object_unref (backup->extra);
  backup->extra = bk_vm_point_to_json (copy->point);
  if (joins && !bk_cycle_file_note_joining (run->project, backup->id, error))
    return FALSE;
  if (!bk_point_writer_complete (copy->writer, g_get_real_time (), error))
    return FALSE;
  copy->completed = TRUE;
  if (copy->point->kind == BK_POINT_STANDALONE)
    return TRUE; /* beside the cycle, which it does not change */

  g_autoptr (BkCycle) extended = bk_cycle_extend (run->cycle, copy->point, backup->id, file_hash,
                                                  backup, run->request->max_incrementals);
  if (!bk_cycle_file_save (run->project, extended, error))
    return FALSE;
  if (joins)
    bk_cycle_file_forget_joining (run->project);
  return TRUE;
}

/* From here on the backup is complete: what fails now is said, and mended by the next run. */
static void
drop_previous_checkpoint (BkVmCopy *copy)
{
  BkVmRun *run = copy->run;
  const char *previous = run->cycle == NULL ? NULL : run->cycle->last_checkpoint_name;
  g_autoptr (GError) error = NULL;

  if (previous != NULL && !bk_vm_run_delete_checkpoint (run, previous, &error))
    bk_vm_run_log (run, BK_LOG_WARNING, NULL, "checkpoint.delete", "%s; the next run tries again",
                   error->message);
}

/* After a lost connection QEMU may still write, and libvirt deletes no checkpoint until it has ended. */
static void
end_own_copy (BkVmCopy *copy)
{
  BkVmRun *run = copy->run;
  g_autoptr (GError) error = NULL;
  g_autofree char *file = bk_hypervisor_running_backup_file (run->hypervisor, run->vm->uuid, NULL);

  if (file == NULL || !bk_vm_run_owns_file (run, file))
    return;
  if (!bk_hypervisor_abort_backup (run->hypervisor, run->vm->uuid, &error))
    bk_vm_run_log (run, BK_LOG_WARNING, NULL, "backup.abort", "%s; the next run tries again",
                   error->message);
}

/* What did not come about leaves nothing: no file, no checkpoint. A failure keeps a record of why;
 * a person who cancels wants none, and a base that is not what it was changes nothing at all. */
static void
undo (BkVmCopy *copy, const GError *why)
{
  BkVmRun *run = copy->run;
  g_autoptr (GError) error = NULL;
  BkError code = bk_error_code (why);
  gboolean without_trace = code == BK_ERROR_CANCELLED || code == BK_ERROR_INTEGRITY;

  /* Only manifest.json could not be written: the next run adds the backup to its cycle. */
  if (copy->completed)
    return;
  if (copy->began)
    end_own_copy (copy);
  if (copy->began && copy->point->checkpoint != NULL &&
      !bk_vm_run_delete_checkpoint (run, copy->point->checkpoint, &error))
    {
      bk_vm_run_log (run, BK_LOG_WARNING, NULL, "checkpoint.delete", "%s; the next run tries again",
                     error->message);
      g_clear_error (&error);
      without_trace = FALSE; /* the record is what the next run knows the checkpoint by */
    }
  if (copy->writer != NULL &&
      !bk_point_discard (run->project, bk_point_writer_backup (copy->writer),
                         without_trace ? NULL : why->message, g_get_real_time (), &error))
    bk_vm_run_log (run, BK_LOG_WARNING, NULL, "backup.clean", "%s; the next run tries again",
                   error->message);
}

static gboolean
make (BkVmCopy *copy, GError **error)
{
  return bk_vm_run_check_space (copy->run, error) && bk_vm_run_check_passable (copy->run, error) &&
         open_writer (copy, error) && bk_vm_copy_create_targets (copy, error) &&
         keep_state (copy, error) && start_if_off (copy, error) &&
         bk_vm_copy_transfer (copy, error) && seal_files (copy, error) && commit (copy, error);
}

/**
 * bk_vm_copy:
 * @kind: a Base begins a cycle, an Incremental continues the one @run has, a standalone copy
 *   stands beside it
 *
 * Errors: %BK_ERROR_INTEGRITY when the base is not what it was, %BK_ERROR_NO_SPACE,
 *   %BK_ERROR_BUSY, %BK_ERROR_CANCELLED, and those of the hypervisor. Nothing is left then but
 *   the record of the failure.
 *
 * Returns: (transfer full) (nullable): the completed backup.
 */
BkBackup *
bk_vm_copy (BkVmRun *run, BkPointKind kind, GError **error)
{
  BkVmCopy copy = { .run = run };
  g_autoptr (GError) local = NULL;
  BkBackup *completed = NULL;

  if (!bk_vm_find_free_time (run->project, run->vm->name, &copy.usecs, error))
    return NULL;
  bk_vm_copy_plan (&copy, kind);
  if (make (&copy, &local))
    {
      if (kind != BK_POINT_STANDALONE)
        drop_previous_checkpoint (&copy);
      completed = bk_backup_copy (bk_point_writer_backup (copy.writer));
    }
  else
    {
      undo (&copy, local);
      g_propagate_error (error, g_steal_pointer (&local));
    }
  if (copy.started_paused)
    bk_vm_run_stop_again (run);
  copy_clear (&copy);
  return completed;
}
