#include "ops/vm/merge.h"

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
 * The three ways in which one disk's chain becomes one image (ops/vm/consolidate.c has the order
 * around them):
 *
 *   in place  the incrementals are committed into the base; what was the base is gone
 *   clone     the base is cloned where the file system can, and they are committed into the clone:
 *             as few bytes are written, and the whole family stays as it was
 *   copy      what the newest incremental reads as is written into a new image, and compared
 */

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

  const BkQemuImgTarget target = { .file = path,
                                   .format = "qcow2",
                                   .compress = run->request->compress };

  return bk_qemu_img_convert (top, &target, bk_fraction_report, progress, run->cancellable,
                              error) &&
         bk_qemu_img_compare (top, path, run->cancellable, error);
}
