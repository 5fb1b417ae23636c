#include "ops/vm/chain.h"

#include "base/error.h"
#include "base/gettext.h"
#include "format/vm-point-json.h"
#include "model/settings.h"
#include "ops/vm/merging.h"
#include "store/repository/catalogue.h"
#include "vm/qemu-img.h"

#include <string.h>

static guint64
sum_files (BkRepository *repository, const BkBackup *backup)
{
  guint64 total = backup->size_bytes;
  g_autofree char *parent_id = g_strdup (backup->parent_backup_id);

  /* A chain is no longer than a cycle; a ring of hostile records ends here too. */
  for (guint i = 0; parent_id != NULL && i <= BK_MAX_INCREMENTALS_MAX; i++)
    {
      g_autofree char *full_id = g_strconcat (backup->project_id, "/", parent_id, NULL);
      g_autoptr (BkBackup) parent = bk_catalogue_find (repository, full_id, NULL);

      if (parent == NULL)
        break;
      total += parent->size_bytes;
      g_free (parent_id);
      parent_id = g_strdup (parent->parent_backup_id);
    }
  return total;
}

/**
 * bk_vm_chain_open:
 * @full_id: hostile until checked
 *
 * Errors: %BK_ERROR_NOT_FOUND; %BK_ERROR_USAGE for a backup that is not a VM's, or did not
 *   complete; %BK_ERROR_BUSY for one that cannot be read because it is being consolidated;
 *   %BK_ERROR_INTEGRITY.
 *
 * Returns: (transfer full) (nullable): the chain; its bytes are not verified yet.
 */
BkVmChain *
bk_vm_chain_open (BkRepository *repository, const char *full_id, GError **error)
{
  g_autoptr (BkBackup) backup = bk_catalogue_find (repository, full_id, error);

  if (backup == NULL)
    return NULL;
  if (!g_str_has_prefix (backup->project_id, "vm/") || backup->status != BK_BACKUP_COMPLETED)
    {
      bk_set_error (error, BK_ERROR_USAGE, "“%s” cannot be used: %s", full_id,
                    backup->status != BK_BACKUP_COMPLETED ? _ ("it did not complete")
                                                          : _ ("it is not a backup of a VM"));
      return NULL;
    }

  g_auto (BkMerging) merging = { 0 };
  if (!bk_vm_merging_look (repository, backup, &merging, error) ||
      !bk_vm_merging_check_usable (&merging, backup, error))
    return NULL;
  g_autoptr (BkVmPoint) point = bk_vm_point_from_json (backup->extra, full_id, error);
  if (point == NULL)
    return NULL;

  BkVmChain *chain = g_new0 (BkVmChain, 1);
  chain->directory = g_build_filename (bk_repository_path (repository), backup->directory, NULL);
  chain->total_file_bytes = sum_files (repository, backup);
  chain->backup = g_steal_pointer (&backup);
  chain->point = g_steal_pointer (&point);
  chain->project_path =
      g_build_filename (bk_repository_path (repository), chain->backup->project_id, NULL);
  chain->merging = merging;
  memset (&merging, 0, sizeof merging);
  return chain;
}

void
bk_vm_chain_free (BkVmChain *chain)
{
  bk_backup_free (chain->backup);
  bk_vm_point_free (chain->point);
  g_free (chain->directory);
  g_free (chain->project_path);
  bk_vm_merging_clear (&chain->merging);
  g_free (chain);
}

/**
 * bk_vm_chain_image:
 *
 * Returns: (transfer full): the absolute path of the image that reads as @disk at this point.
 */
char *
bk_vm_chain_image (const BkVmChain *chain, const BkPointDisk *disk)
{
  return g_build_filename (chain->directory, disk->file, NULL);
}

/* The chain of a point whose base is being written into, the newest file first. */
static GPtrArray *
list_layers (const BkVmChain *chain, const BkCycleDisk *disk)
{
  GPtrArray *files = g_ptr_array_new_with_free_func (g_free);

  for (guint i = disk->incremental_files->len; i > 0; i--)
    g_ptr_array_add (files,
                     g_build_filename (chain->project_path,
                                       g_ptr_array_index (disk->incremental_files, i - 1), NULL));
  g_ptr_array_add (files, g_build_filename (chain->project_path, disk->base_full_file, NULL));
  return files;
}

/**
 * bk_vm_chain_convert:
 * @target: the image to make
 *
 * Copies what @disk reads as at this point into one image that stands by itself. The newest point of a
 * family that is consolidated at the same time reads the same throughout.
 */
gboolean
bk_vm_chain_convert (const BkVmChain *chain,
                     const BkPointDisk *disk,
                     const BkQemuImgTarget *target,
                     BkFraction *progress,
                     GCancellable *cancellable,
                     GError **error)
{
  const BkCycleDisk *merged = chain->merging.role == BK_MERGING_NEWEST
                                  ? bk_cycle_find_disk (chain->merging.cycle, disk->target)
                                  : NULL;

  bk_fraction_begin (progress, disk->capacity_bytes);
  if (merged != NULL)
    {
      g_autoptr (GPtrArray) files = list_layers (chain, merged);

      return bk_qemu_img_convert_chain (files, target, bk_fraction_report, progress, cancellable,
                                        error);
    }

  g_autofree char *image = bk_vm_chain_image (chain, disk);
  return bk_qemu_img_convert (image, target, bk_fraction_report, progress, cancellable, error);
}

/**
 * bk_vm_chain_bytes:
 *
 * Returns: what the guest sees of all its disks: the most that a copy can take.
 */
guint64
bk_vm_chain_bytes (const BkVmChain *chain)
{
  guint64 total = 0;

  for (guint i = 0; i < chain->point->disks->len; i++)
    total += ((const BkPointDisk *) g_ptr_array_index (chain->point->disks, i))->capacity_bytes;
  return total;
}
