#include "ops/vm-consolidate.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "format/vm-point-json.h"
#include "ops/fraction.h"
#include "ops/vm-family.h"
#include "store/catalogue.h"
#include "store/point-writer.h"
#include "vm/qemu-img.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * The end of a cycle: base and incrementals become one Full-Merged, written in O(changed data) by
 * committing the incrementals into the base and moving it. The order of its writes:
 *
 *   the family's hash is checked  →  manifest "consolidating" (from here on only forward)  →
 *   qemu-img commit into each base; the newest incremental reads the same throughout  →  check,
 *   fsync, SHA-256  →  each base gets a second name in the new directory (where the file system
 *   has no links, it is renamed there; never over anything)  →
 *   metadata.json "completed"  →  checkpoint  →  incrementals and base  →  manifest.json last
 *
 * A run that dies is taken up by the next one at the step where it was: a base that is still there
 * is committed into again, one that has moved is done.
 */

typedef struct
{
  BkVmRun *run;
  BkPointWriter *writer;
  BkVmPoint *newest; /* what the newest incremental recorded: disks and their sizes */
  BkVmPoint *merged;
} Merge;

static void
merge_clear (Merge *merge)
{
  g_clear_pointer (&merge->writer, bk_point_writer_free);
  g_clear_pointer (&merge->newest, bk_vm_point_free);
  g_clear_pointer (&merge->merged, bk_vm_point_free);
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
  if (!bk_vm_verify_family (run, error))
    return FALSE;

  g_autoptr (BkCycle) journal = bk_cycle_copy (run->cycle);
  journal->status = BK_CYCLE_CONSOLIDATING;
  journal->merged_id =
      bk_cycle_backup_id (run->vm->name, BK_CYCLE_PART_MERGED, bk_vm_run_find_free_time (run));
  if (!bk_cycle_file_save (run->project, journal, error))
    return FALSE;
  bk_vm_run_set_cycle (run, g_steal_pointer (&journal));
  return TRUE;
}

/* "<vm>-Full-Merged-<time>" → "<vm>-<disk>-Full-Merged-<time>.qcow2" */
static char *
merged_file_name (const BkCycle *cycle, const char *target)
{
  const char *rest = cycle->merged_id + MIN (strlen (cycle->vm), strlen (cycle->merged_id));

  return g_strdup_printf ("%s-%s%s.qcow2", cycle->vm, target, rest);
}

static gboolean
read_newest (Merge *merge, GError **error)
{
  BkVmRun *run = merge->run;
  g_autofree char *full_id =
      g_strconcat (run->project_id, "/", bk_cycle_newest_backup_id (run->cycle), NULL);
  g_autoptr (BkBackup) newest = bk_catalogue_find (run->repository, full_id, error);

  if (newest == NULL)
    return FALSE;
  merge->newest = bk_vm_point_from_json (newest->extra, full_id, error);
  for (guint i = 0; merge->newest != NULL && i < merge->newest->disks->len; i++)
    {
      const BkPointDisk *disk = g_ptr_array_index (merge->newest->disks, i);

      if (bk_cycle_find_disk (run->cycle, disk->target) != NULL)
        continue;
      g_set_error (error, BK_ERROR, BK_ERROR_INTEGRITY,
                   "The manifest.json of “%s” has no disk “%s”, but its newest backup has; nothing "
                   "was changed",
                   run->project_id, disk->target);
      return FALSE;
    }
  return merge->newest != NULL;
}

/* A merged backup that is complete needs nothing of the family any more. */
static gboolean
is_complete (BkVmRun *run, const char *full_id)
{
  g_autoptr (BkBackup) backup = bk_catalogue_find (run->repository, full_id, NULL);

  return backup != NULL && backup->status == BK_BACKUP_COMPLETED;
}

static gboolean
open_writer (Merge *merge, GError **error)
{
  BkVmRun *run = merge->run;
  BkBackup *backup = bk_backup_new (run->cycle->merged_id, run->project_id, BK_BACKUP_FULL);

  merge->merged = bk_vm_point_new (BK_POINT_MERGED, run->cycle->vm, run->cycle->uuid);
  for (guint i = 0; i < merge->newest->disks->len; i++)
    {
      const BkPointDisk *disk = g_ptr_array_index (merge->newest->disks, i);
      g_autofree char *name = merged_file_name (run->cycle, disk->target);
      g_autofree char *file = g_strconcat (BK_POINT_DATA "/", name, NULL);

      bk_vm_point_add_disk (merge->merged, disk->target, file, NULL, disk->capacity_bytes);
    }
  backup->created_usecs = g_get_real_time ();
  backup->extra = bk_vm_point_to_json (merge->merged);
  merge->writer = bk_point_writer_open (run->project, run->project_path, backup, error);
  return merge->writer != NULL;
}

static const BkCycleDisk *
chain_of (Merge *merge, const BkPointDisk *disk)
{
  return bk_cycle_find_disk (merge->run->cycle, disk->target);
}

static gboolean
is_there (BkVmRun *run, const char *path)
{
  autofd int fd = bk_open_file_at (run->project, path, NULL);

  return fd >= 0;
}

static guint64
incremental_bytes (BkVmRun *run, const BkCycleDisk *chain)
{
  guint64 total = 0;

  for (guint i = 0; i < chain->incremental_files->len; i++)
    {
      guint64 size_bytes = 0;

      bk_vm_run_file_size (run, g_ptr_array_index (chain->incremental_files, i), &size_bytes, NULL);
      total += size_bytes;
    }
  return total;
}

static gboolean
commit_disk (Merge *merge, const BkCycleDisk *chain, BkFraction *progress, GError **error)
{
  BkVmRun *run = merge->run;
  g_autofree char *base = g_build_filename (run->project_path, chain->base_full_file, NULL);
  g_autofree char *top = g_build_filename (run->project_path, bk_cycle_disk_top (chain), NULL);

  if (chain->incremental_files->len > 0 &&
      !bk_qemu_img_commit (base, top, bk_fraction_report, progress, run->cancellable, error))
    return FALSE;
  if (!bk_qemu_img_check (base, run->cancellable, error))
    return FALSE;

  autofd int fd = bk_open_file_at (run->project, chain->base_full_file, error);
  return fd >= 0 &&
         (fsync (fd) == 0 ||
          bk_error_set_errno (error, errno, "“%s” cannot be made durable", chain->base_full_file));
}

static gboolean
commit_all (Merge *merge, GError **error)
{
  BkVmRun *run = merge->run;
  BkFraction progress = { run->reporter, run->project_id, "merge" };

  for (guint i = 0; i < merge->newest->disks->len; i++)
    progress.total_bytes +=
        incremental_bytes (run, chain_of (merge, g_ptr_array_index (merge->newest->disks, i)));
  for (guint i = 0; i < merge->newest->disks->len; i++)
    {
      const BkCycleDisk *chain = chain_of (merge, g_ptr_array_index (merge->newest->disks, i));

      if (!is_there (run, chain->base_full_file))
        continue; /* moved by the run that was interrupted */
      bk_fraction_begin (&progress, incremental_bytes (run, chain));
      bk_vm_run_log (run, BK_LOG_INFO, run->cycle->merged_id, "merge",
                     "%s: merging %u incremental(s) into the base", chain->target,
                     chain->incremental_files->len);
      if (!commit_disk (merge, chain, &progress, error))
        return FALSE;
    }
  return TRUE;
}

/* Hashed where it lies, so that the newest point stays readable as long as it can. */
static gboolean
hash_all (Merge *merge, GError **error)
{
  BkVmRun *run = merge->run;
  BkHashing hashing = { run, "hash", 0, 0 };
  BkBackup *backup = bk_point_writer_backup (merge->writer);

  for (guint i = 0; i < merge->merged->disks->len; i++)
    {
      const BkPointDisk *disk = g_ptr_array_index (merge->merged->disks, i);
      const BkCycleDisk *chain = chain_of (merge, disk);
      g_autofree char *moved = g_strconcat (backup->id, "/", disk->file, NULL);
      const char *path = is_there (run, chain->base_full_file) ? chain->base_full_file : moved;
      guint64 size_bytes;

      if (!bk_vm_run_file_size (run, path, &size_bytes, error))
        return FALSE;
      hashing.total_bytes += size_bytes;
      g_autofree char *sha256 = bk_vm_run_hash (&hashing, path, &size_bytes, error);
      if (sha256 == NULL)
        return FALSE;
      bk_backup_add_file (backup, disk->file, size_bytes, sha256);
    }
  return TRUE;
}

/* Leaves errno as it is. */
static gboolean
is_same_file (int left, const char *left_name, int right, const char *right_name)
{
  int errnum = errno;
  struct stat a;
  struct stat b;
  gboolean same = fstatat (left, left_name, &a, AT_SYMLINK_NOFOLLOW) == 0 &&
                  fstatat (right, right_name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
                  a.st_dev == b.st_dev && a.st_ino == b.st_ino;

  errno = errnum;
  return same;
}

static gboolean
move_disk (Merge *merge, const BkPointDisk *disk, GError **error)
{
  BkVmRun *run = merge->run;
  const BkCycleDisk *chain = chain_of (merge, disk);
  g_autofree char *from_dir = g_path_get_dirname (chain->base_full_file);
  g_autofree char *from_name = g_path_get_basename (chain->base_full_file);
  const char *to_name = disk->file + strlen (BK_POINT_DATA "/");
  int data = bk_point_writer_data_fd (merge->writer);

  if (!is_there (run, chain->base_full_file))
    return TRUE;

  autofd int from = bk_open_directory_at (run->project, from_dir, error);
  if (from < 0)
    return FALSE;
  /* A second name, where the file system can: the newest incremental stays readable by the first
   * until the merged backup is complete. */
  if (linkat (from, from_name, data, to_name, 0) == 0 ||
      is_same_file (from, from_name, data, to_name))
    return bk_sync_directory (data, to_name, error);
  if (errno != EPERM && errno != EOPNOTSUPP && errno != EMLINK)
    return bk_error_set_errno (error, errno, "“%s” cannot be moved to “%s”", chain->base_full_file,
                               to_name);
  if (renameat2 (from, from_name, data, to_name, RENAME_NOREPLACE) < 0)
    return bk_error_set_errno (error, errno, "“%s” cannot be moved to “%s”", chain->base_full_file,
                               to_name);
  return bk_sync_directory (data, to_name, error) && bk_sync_directory (from, from_name, error);
}

/* domain.xml and what else small the newest point keeps beside its disks. */
static gboolean
copy_definition (Merge *merge, GError **error)
{
  BkVmRun *run = merge->run;
  static const char *const names[] = { "domain.xml", "nvram" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *source = g_build_filename (
          run->project_path, bk_cycle_newest_backup_id (run->cycle), BK_POINT_DATA, names[i], NULL);
      g_autofree char *relative =
          g_build_filename (bk_cycle_newest_backup_id (run->cycle), BK_POINT_DATA, names[i], NULL);

      if (is_there (run, relative) &&
          !bk_point_writer_add_copy (merge->writer, names[i], source, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
publish (Merge *merge, GError **error)
{
  for (guint i = 0; i < merge->merged->disks->len; i++)
    {
      if (!move_disk (merge, g_ptr_array_index (merge->merged->disks, i), error))
        return FALSE;
    }
  return copy_definition (merge, error) &&
         bk_point_writer_complete (merge->writer, g_get_real_time (), error);
}

/* The family is not needed any more. The manifest goes last: until then the next run knows what is
 * still to be cleaned. */
static gboolean
clean_up (BkVmRun *run, GError **error)
{
  const BkCycle *cycle = run->cycle;

  if (cycle->last_checkpoint_name != NULL && strcmp (cycle->uuid, run->vm->uuid) == 0)
    {
      g_autoptr (GError) local = NULL;

      if (!bk_vm_run_delete_checkpoint (run, cycle->last_checkpoint_name, &local))
        bk_vm_run_log (run, BK_LOG_WARNING, NULL, "checkpoint.delete", "%s", local->message);
    }
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

static gboolean
merge_all (Merge *merge, GError **error)
{
  return read_newest (merge, error) && open_writer (merge, error) && commit_all (merge, error) &&
         hash_all (merge, error) && publish (merge, error);
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
  Merge merge = { .run = run };

  if (!begin (run, error))
    return NULL;

  g_autofree char *full_id = g_strconcat (run->project_id, "/", run->cycle->merged_id, NULL);
  gboolean merged = is_complete (run, full_id) || merge_all (&merge, error);
  merge_clear (&merge);
  if (!merged || !clean_up (run, error))
    return NULL;
  return bk_catalogue_find (run->repository, full_id, error);
}
