#include "ops/vm-merge.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "base/path.h"
#include "base/quantity.h"
#include "base/reflink.h"
#include "vm/qemu-img.h"

#include <string.h>
#include <sys/stat.h>

/*
 * The three ways in which one disk's chain becomes one image (ops/vm-consolidate.c has the order
 * around them):
 *
 *   in place  the incrementals are committed into the base; what was the base is gone
 *   clone     the base is cloned where the file system can, and they are committed into the clone:
 *             as few bytes are written, and the whole family stays as it was
 *   copy      what the newest incremental reads as is written into a new image, and compared
 */

/* A program's argument ends at 128 KiB; the chain below is named in one. */
#define CHAIN_TEXT_MAX_BYTES (96 * 1024)

static char *
absolute (BkVmRun *run, const char *path)
{
  return g_build_filename (run->project_path, path, NULL);
}

/* The chain's files from the newest to the oldest incremental, then @base. */
static GPtrArray *
chain_over (BkVmRun *run, const BkCycleDisk *chain, const char *base)
{
  GPtrArray *files = g_ptr_array_new_with_free_func (g_free);

  for (guint i = chain->incremental_files->len; i > 0; i--)
    g_ptr_array_add (files, absolute (run, g_ptr_array_index (chain->incremental_files, i - 1)));
  g_ptr_array_add (files, g_strdup (base));
  return files;
}

/**
 * bk_vm_merge_in_place:
 *
 * Can be repeated after it was interrupted.
 */
gboolean
bk_vm_merge_in_place (BkVmRun *run, const BkCycleDisk *chain, BkFraction *progress, GError **error)
{
  g_autofree char *base = absolute (run, chain->base_full_file);
  g_autofree char *top = absolute (run, bk_cycle_disk_top (chain));

  return chain->incremental_files->len == 0 ||
         bk_qemu_img_commit (base, top, bk_fraction_report, progress, run->cancellable, error);
}

/**
 * bk_vm_merge_clone:
 * @directory: where the merged image is to lie
 * @path: its absolute path, in that directory
 */
gboolean
bk_vm_merge_clone (BkVmRun *run,
                   const BkCycleDisk *chain,
                   int directory,
                   const char *path,
                   BkFraction *progress,
                   GError **error)
{
  g_autofree char *name = g_path_get_basename (path);
  autofd int base = bk_open_file_at (run->project, chain->base_full_file, error);

  if (base < 0 || !bk_reflink_at (base, directory, name, error))
    return FALSE;
  if (chain->incremental_files->len == 0)
    return TRUE;

  g_autoptr (GPtrArray) files = chain_over (run, chain, path);
  return bk_qemu_img_commit_chain (files, bk_fraction_report, progress, run->cancellable, error);
}

/**
 * bk_vm_merge_copy:
 * @path: absolute, of the merged image
 *
 * Errors: %BK_ERROR_INTEGRITY when the copy does not read as its source does.
 */
gboolean
bk_vm_merge_copy (
    BkVmRun *run, const BkCycleDisk *chain, const char *path, BkFraction *progress, GError **error)
{
  g_autofree char *top = absolute (run, bk_cycle_disk_top (chain));

  return bk_qemu_img_convert (top, path, "qcow2", run->request->compress, bk_fraction_report,
                              progress, run->cancellable, error) &&
         bk_qemu_img_compare (top, path, run->cancellable, error);
}

static gboolean
can_clone (BkVmRun *run)
{
  const BkCycle *cycle = run->cycle;
  gsize text_bytes =
      (strlen (run->project_path) + 1024) * (bk_cycle_incrementals_count (cycle) + 1);

  if (text_bytes > CHAIN_TEXT_MAX_BYTES)
    return FALSE;
  for (guint i = 0; i < cycle->disks->len; i++)
    {
      const BkCycleDisk *disk = g_ptr_array_index (cycle->disks, i);
      autofd int base = bk_open_file_at (run->project, disk->base_full_file, NULL);

      if (base < 0 || !bk_reflink_works (run->project, base))
        return FALSE;
    }
  return TRUE;
}

/**
 * bk_vm_merge_choose:
 *
 * Returns: the way that this run merges its cycle: never %BK_MERGE_AUTO.
 */
BkMergeMode
bk_vm_merge_choose (BkVmRun *run)
{
  BkMergeMode mode = bk_merge_mode_of_request (run->request->merge, run->request->compress);

  if (mode != run->request->merge)
    bk_vm_run_log (run, BK_LOG_INFO, NULL, "merge",
                   "Compression needs a copy: the consolidation copies the whole disk");
  if (mode != BK_MERGE_AUTO)
    return mode;
  return can_clone (run) ? BK_MERGE_CLONE : BK_MERGE_IN_PLACE;
}

static guint64
bytes_on_disk (BkVmRun *run, const char *path)
{
  autofd int fd = bk_open_file_at (run->project, path, NULL);
  struct stat st;

  return fd >= 0 && fstat (fd, &st) == 0 ? (guint64) st.st_blocks * 512 : 0;
}

/**
 * bk_vm_merge_check_space:
 * @mode: as chosen
 *
 * Errors: %BK_ERROR_NO_SPACE when the merged image may not fit: what the incrementals take, and for
 *   a copy the base too.
 */
gboolean
bk_vm_merge_check_space (BkVmRun *run, BkMergeMode mode, GError **error)
{
  guint64 needed = 0;
  guint64 free_bytes;

  for (guint i = 0; i < run->cycle->disks->len; i++)
    {
      const BkCycleDisk *disk = g_ptr_array_index (run->cycle->disks, i);

      if (mode == BK_MERGE_COPY)
        needed += bytes_on_disk (run, disk->base_full_file);
      for (guint k = 0; k < disk->incremental_files->len; k++)
        needed += bytes_on_disk (run, g_ptr_array_index (disk->incremental_files, k));
    }
  if (!bk_repository_free_bytes (run->repository, &free_bytes, error))
    return FALSE;
  if (needed <= free_bytes)
    return TRUE;

  g_autofree char *needs = bk_size_text (needed);
  g_autofree char *has = bk_size_text (free_bytes);
  bk_set_error (error, BK_ERROR_NO_SPACE,
                "The consolidation of “%s” was not started: it needs up to %s in “%s”, which has "
                "%s; free some space there%s",
                run->vm->name, needs, bk_repository_path (run->repository), has,
                mode == BK_MERGE_COPY ? _ (" or merge in place (--merge in-place)") : "");
  return FALSE;
}
