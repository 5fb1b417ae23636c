#include "ops/vm/family.h"

#include "base/error.h"
#include "base/gettext.h"
#include "ops/backup/verify.h"
#include "ops/vm/backing.h"
#include "store/repository/catalogue.h"

static guint64
base_bytes (BkVmRun *run)
{
  guint64 total = 0;

  for (guint i = 0; i < run->cycle->disks->len; i++)
    {
      const BkCycleDisk *disk = g_ptr_array_index (run->cycle->disks, i);
      guint64 size_bytes = 0;

      bk_vm_run_file_size (run, disk->base_full_file, &size_bytes, NULL);
      total += size_bytes;
    }
  return total;
}

/**
 * bk_vm_verify_family:
 *
 * Compares each base of the active cycle with the hash the manifest recorded for it.
 *
 * Errors: %BK_ERROR_INTEGRITY names the file that is not what it was.
 */
gboolean
bk_vm_verify_family (BkVmRun *run, GError **error)
{
  BkHashing hashing = { run, "verify", 0, base_bytes (run) };

  for (guint i = 0; i < run->cycle->disks->len; i++)
    {
      const BkCycleDisk *disk = g_ptr_array_index (run->cycle->disks, i);
      g_autoptr (GError) local = NULL;
      g_autofree char *sha256 = bk_vm_run_hash (&hashing, disk->base_full_file, NULL, &local);

      if (g_strcmp0 (sha256, disk->base_full_hash_sha256) == 0)
        continue;
      if (sha256 == NULL && !g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      bk_set_error (error, BK_ERROR_INTEGRITY,
                    "The base “%s” of “%s” %s; nothing was changed. Look at the disk it lies on, "
                    "and move the family away to begin a new cycle",
                    disk->base_full_file, run->project_id,
                    sha256 == NULL
                        ? _ ("is missing")
                        : _ ("is not what it was when it was made (its SHA-256 differs)"));
      return FALSE;
    }
  bk_vm_run_log (run, BK_LOG_INFO, NULL, "hash.verify", "The base is unchanged (SHA-256)");
  return TRUE;
}

static gboolean
verify_incremental (BkVmRun *run, const char *id, GHashTable *verified, GError **error)
{
  g_autofree char *full_id = g_strconcat (run->project_id, "/", id, NULL);
  g_autoptr (BkBackup) backup = bk_catalogue_find (run->repository, full_id, error);

  return backup != NULL && bk_backup_verify (run->repository, backup, FALSE, verified,
                                             run->reporter, run->cancellable, error);
}

/**
 * bk_vm_verify_incrementals:
 *
 * Compares each file of the active cycle's incrementals with the SHA-256 that was recorded for it: what is
 * merged gets sums anew, and what is broken would have right ones from then on. The base, whose hash
 * bk_vm_verify_family() compares, must continue nothing.
 *
 * Errors: %BK_ERROR_INTEGRITY names the file that is not what it was.
 */
gboolean
bk_vm_verify_incrementals (BkVmRun *run, GError **error)
{
  g_autoptr (GHashTable) verified = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < run->cycle->disks->len; i++)
    {
      const BkCycleDisk *disk = g_ptr_array_index (run->cycle->disks, i);

      if (!bk_vm_check_backing (run->project, disk->base_full_file, NULL, error))
        return FALSE;
    }
  for (guint i = 1; i < run->cycle->backup_ids->len; i++)
    {
      g_autoptr (GError) local = NULL;

      if (verify_incremental (run, g_ptr_array_index (run->cycle->backup_ids, i), verified, &local))
        continue;
      if (bk_error_code (local) == BK_ERROR_INTEGRITY ||
          bk_error_code (local) == BK_ERROR_NOT_FOUND)
        bk_set_error (
            error, BK_ERROR_INTEGRITY,
            "The consolidation of “%s” was not started, and nothing was changed: %s. Look "
            "at the disk it lies on; “cockpit-backup vm forget %s” keeps what there is, "
            "and the next backup begins a new cycle",
            run->vm->name, local->message, run->vm->name);
      else
        g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  return TRUE;
}
