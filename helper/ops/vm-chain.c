#include "ops/vm-chain.h"

#include "base/error.h"
#include "base/gettext.h"
#include "format/vm-point-json.h"
#include "model/settings.h"
#include "store/catalogue.h"

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
 *   complete; %BK_ERROR_INTEGRITY.
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

  g_autoptr (BkVmPoint) point = bk_vm_point_from_json (backup->extra, full_id, error);
  if (point == NULL)
    return NULL;

  BkVmChain *chain = g_new0 (BkVmChain, 1);
  chain->directory = g_build_filename (bk_repository_path (repository), backup->directory, NULL);
  chain->total_file_bytes = sum_files (repository, backup);
  chain->backup = g_steal_pointer (&backup);
  chain->point = g_steal_pointer (&point);
  return chain;
}

void
bk_vm_chain_free (BkVmChain *chain)
{
  bk_backup_free (chain->backup);
  bk_vm_point_free (chain->point);
  g_free (chain->directory);
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
