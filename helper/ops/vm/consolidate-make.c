/* The images of a Full-Merged, from the family's to the record that says they are complete. */
#include "ops/vm/consolidate-private.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "base/path.h"
#include "format/vm-point-json.h"
#include "ops/vm/merge.h"
#include "ops/vm/state.h"
#include "store/repository/catalogue.h"
#include "store/repository/point-writer.h"
#include "vm/qemu-img.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
      bk_set_error (
          error, BK_ERROR_INTEGRITY,
          "The manifest.json of “%s” has no disk “%s”, but its newest backup has; nothing "
          "was changed",
          run->project_id, disk->target);
      return FALSE;
    }
  return merge->newest != NULL;
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
  /* Not before the time in its name: the clock can step back. */
  backup->created_usecs = MAX (g_get_real_time (), bk_cycle_backup_time (run->cycle->merged_id));
  backup->extra = bk_vm_point_to_json (merge->merged);
  merge->writer = bk_point_writer_open (run->project, run->project_path, backup, error);
  return merge->writer != NULL;
}

static const BkCycleDisk *
chain_of (Merge *merge, const BkPointDisk *disk)
{
  return bk_cycle_find_disk (merge->run->cycle, disk->target);
}

/* A base that is not there has moved: it was merged. One that cannot be opened is another matter. */
static gboolean
look_for (BkVmRun *run, const char *path, gboolean *is_there, GError **error)
{
  g_autoptr (GError) local = NULL;
  autofd int fd = bk_open_file_at (run->project, path, &local);

  *is_there = fd >= 0;
  if (*is_there || g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
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

/* Where the merged image of a disk is now, relative to the project. */
static char *
merged_path (Merge *merge, const BkPointDisk *disk, GError **error)
{
  BkVmRun *run = merge->run;
  const BkCycleDisk *chain = chain_of (merge, disk);
  gboolean is_there;

  if (!look_for (run, chain->base_full_file, &is_there, error))
    return NULL;
  if (run->cycle->merge == BK_MERGE_IN_PLACE && is_there)
    return g_strdup (chain->base_full_file);
  return g_strconcat (run->cycle->merged_id, "/", disk->file, NULL);
}

static guint64
work_bytes (BkVmRun *run, const BkCycleDisk *chain)
{
  guint64 size_bytes = 0;

  if (run->cycle->merge == BK_MERGE_COPY)
    bk_vm_run_file_size (run, chain->base_full_file, &size_bytes, NULL);
  return size_bytes + incremental_bytes (run, chain);
}

static gboolean
make_image (Merge *merge, const BkPointDisk *disk, BkFraction *progress, GError **error)
{
  BkVmRun *run = merge->run;
  const BkCycleDisk *chain = chain_of (merge, disk);
  g_autofree char *path =
      bk_point_writer_file_path (merge->writer, disk->file + strlen (BK_POINT_DATA "/"));

  bk_vm_run_log (
      run, BK_LOG_INFO, run->cycle->merged_id, "merge",
      bk_ngettext ("%s: merging %u incremental with the base (%s)",
                   "%s: merging %u incrementals with the base (%s)", chain->incremental_files->len),
      chain->target, chain->incremental_files->len, bk_merge_mode_to_string (run->cycle->merge));
  switch (run->cycle->merge)
    {
    case BK_MERGE_CLONE:
      return bk_vm_merge_clone (run, chain, bk_point_writer_data_fd (merge->writer), path, progress,
                                error);
    case BK_MERGE_COPY:
      return bk_vm_merge_copy (run, chain, path, progress, error);
    case BK_MERGE_AUTO:
    case BK_MERGE_IN_PLACE:
    default:
      return bk_vm_merge_in_place (run, chain, progress, error);
    }
}

static gboolean
seal_image (Merge *merge, const BkPointDisk *disk, GError **error)
{
  BkVmRun *run = merge->run;
  g_autofree char *path = merged_path (merge, disk, error);
  if (path == NULL)
    return FALSE;

  g_autofree char *absolute = g_build_filename (run->project_path, path, NULL);
  if (!bk_qemu_img_check (absolute, run->cancellable, error))
    return FALSE;

  autofd int fd = bk_open_file_at (run->project, path, error);
  return fd >= 0 && (fsync (fd) == 0 ||
                     bk_error_set_errno (error, errno, "“%s” cannot be made durable", path));
}

static gboolean
make_images (Merge *merge, GError **error)
{
  BkVmRun *run = merge->run;
  BkFraction progress = { run->reporter, run->project_id, "merge" };

  for (guint i = 0; i < merge->merged->disks->len; i++)
    progress.total_bytes +=
        work_bytes (run, chain_of (merge, g_ptr_array_index (merge->merged->disks, i)));
  for (guint i = 0; i < merge->merged->disks->len; i++)
    {
      const BkPointDisk *disk = g_ptr_array_index (merge->merged->disks, i);
      const BkCycleDisk *chain = chain_of (merge, disk);
      gboolean is_there;

      if (!look_for (run, chain->base_full_file, &is_there, error))
        return FALSE;
      if (!is_there)
        continue; /* moved by the run that was interrupted */
      bk_fraction_begin (&progress, work_bytes (run, chain));
      if (!make_image (merge, disk, &progress, error) || !seal_image (merge, disk, error))
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
      g_autofree char *path = merged_path (merge, disk, error);
      guint64 size_bytes;

      if (path == NULL || !bk_vm_run_file_size (run, path, &size_bytes, error))
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
  gboolean is_there;

  if (!look_for (run, chain->base_full_file, &is_there, error))
    return FALSE;
  if (!is_there)
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
copy_state (Merge *merge, GError **error)
{
  BkVmRun *run = merge->run;
  g_autofree char *full_id =
      g_strconcat (run->project_id, "/", bk_cycle_newest_backup_id (run->cycle), NULL);
  g_autoptr (BkVmChain) newest = bk_vm_chain_open (run->repository, full_id, error);

  return newest != NULL && bk_vm_state_copy (newest, merge->writer, error);
}

static gboolean
publish (Merge *merge, GError **error)
{
  gboolean in_place = merge->run->cycle->merge == BK_MERGE_IN_PLACE;

  for (guint i = 0; in_place && i < merge->merged->disks->len; i++)
    {
      if (!move_disk (merge, g_ptr_array_index (merge->merged->disks, i), error))
        return FALSE;
    }
  return copy_state (merge, error) &&
         bk_point_writer_complete (merge->writer, g_get_real_time (), error);
}

/**
 * bk_vm_consolidate_make:
 * @run: its manifest says "consolidating"
 *
 * Makes the merged images and publishes them. It goes on where it was interrupted. Nothing of the family is
 * removed.
 */
gboolean
bk_vm_consolidate_make (BkVmRun *run, GError **error)
{
  Merge merge = { .run = run };
  gboolean made = read_newest (&merge, error) && open_writer (&merge, error) &&
                  make_images (&merge, error) && hash_all (&merge, error) &&
                  publish (&merge, error);

  merge_clear (&merge);
  return made;
}
