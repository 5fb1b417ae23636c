/* What is restored to a directory, as a new VM and in place: which files, and what becomes of them once they
 * are complete. */
#include "ops/vm/restore-private.h"

#include "base/atomic-file.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "format/domain-rewrite.h"
#include "format/domain-xml.h"
#include "ops/backup/verify.h"
#include "ops/vm/merging.h"
#include "ops/vm/restore-place.h"
#include "ops/vm/restore-tpm.h"
#include "ops/vm/state.h"
#include "store/repository/catalogue.h"
#include "store/repository/restore-journal-file.h"

#include <string.h>

#define DEFINITION BK_POINT_DATA "/" BK_STATE_DEFINITION
#define NVRAM BK_POINT_DATA "/" BK_STATE_NVRAM
#define DEFINITION_MAX_BYTES (4 * 1024 * 1024)

/* What is restored must be what was backed up: every byte of the chain is read before one is
 * written. */
static gboolean
verify_chain (BkVmRestore *restore, GError **error)
{
  g_autoptr (GHashTable) verified = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  return bk_backup_verify (restore->repository, restore->chain->backup, TRUE, verified,
                           restore->reporter, restore->cancellable, error);
}

static char *
read_definition (BkVmRestore *restore, GError **error)
{
  autofd int fd = bk_open_directory (restore->chain->directory, error);
  g_autoptr (GBytes) bytes =
      fd < 0 ? NULL : bk_read_small_file (fd, DEFINITION, DEFINITION_MAX_BYTES, error);

  return bytes == NULL ? NULL
                       : g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

/* @path: (nullable): where the VM has its UEFI variables. */
static gboolean
plan_nvram (BkVmRestore *restore, const char *path, GError **error)
{
  if (path == NULL || bk_backup_find_file (restore->chain->backup, NVRAM) == NULL)
    return TRUE;

  autofd int fd = bk_open_directory (restore->chain->directory, error);
  GBytes *bytes = fd < 0 ? NULL : bk_read_small_file (fd, NVRAM, BK_POINT_COPY_MAX_BYTES, error);
  if (bytes != NULL)
    bk_restore_files_add_small (restore->files, path, bytes);
  return bytes != NULL;
}

static char *
nvram_path_in_directory (BkVmRestore *restore, const char *name)
{
  g_autofree char *file = g_strconcat (name, "_VARS.fd", NULL);

  return bk_backup_find_file (restore->chain->backup, NVRAM) == NULL
             ? NULL
             : g_build_filename (restore->request->directory, file, NULL);
}

static gboolean
save_journal (BkVmRestore *restore, BkRestoreState state, GError **error)
{
  restore->journal->state = state;
  return !restore->has_journal ||
         bk_restore_journal_save (restore->restoring->project, restore->journal, error);
}

/**
 * bk_vm_restore_remove_journal:
 *
 * The restore is over: whatever happens now, no later run has anything to do about it.
 */
gboolean
bk_vm_restore_remove_journal (BkVmRestore *restore, GError **error)
{
  return !restore->has_journal || bk_restore_journal_remove (restore->restoring->project, error);
}

static gboolean
begin_journal (BkVmRestore *restore, GError **error)
{
  bk_restore_files_set_tag (restore->files, restore->journal->tag);
  for (guint i = 0; i < restore->files->len; i++)
    {
      const char *path = ((const BkRestoreFile *) g_ptr_array_index (restore->files, i))->path;

      if (!g_utf8_validate (path, -1, NULL))
        {
          bk_set_error (error, BK_ERROR_USAGE,
                        "The directory to restore to has a name that is not UTF-8; choose another");
          return FALSE;
        }
      g_ptr_array_add (restore->journal->paths, g_strdup (path));
    }
  return save_journal (restore, BK_RESTORE_WRITING, error);
}

/* A consolidation in place that began since the chain was verified wrote into what was being read:
 * only the newest point is the same whenever it is read. */
static gboolean
check_still_readable (BkVmRestore *restore, GError **error)
{
  const BkBackup *backup = restore->chain->backup;
  g_autofree char *full_id = bk_backup_full_id (backup);
  g_autoptr (BkBackup) still = bk_catalogue_find (restore->repository, full_id, NULL);
  g_auto (BkMerging) merging = { 0 };

  if (still != NULL && !bk_vm_merging_look (restore->repository, backup, &merging, error))
    return FALSE;
  if (still != NULL)
    return bk_vm_merging_check_usable (&merging, backup, error);
  bk_set_error (error, BK_ERROR_BUSY,
                "“%s” was consolidated or deleted while it was being restored; look with "
                "“cockpit-backup list %s” which one holds its state now",
                backup->id, backup->project_id);
  return FALSE;
}

static gboolean
write_files (BkVmRestore *restore, gboolean overwrite, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (!bk_restore_files_check (restore->files, restore->chain, overwrite, error) ||
      !verify_chain (restore, error) || !begin_journal (restore, error))
    return FALSE;
  if (!bk_restore_files_write (restore->files, restore->chain, restore->reporter,
                               restore->cancellable, &restore->outcome->size_bytes, &local))
    {
      if (check_still_readable (restore, error))
        g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  return check_still_readable (restore, error) &&
         (restore->journal->mode == BK_RESTORE_IN_PLACE || /* the VM keeps the one it has */
          bk_restore_tpm_write (restore->journal, restore->chain, restore->hypervisor, error));
}

static gboolean
finish_placed (BkVmRestore *restore, GError **error)
{
  bk_restore_remove_temporary (restore->journal);
  return bk_vm_restore_remove_journal (restore, error);
}

static gboolean
check_tpm_directory (BkVmRestore *restore, GError **error)
{
  g_autofree char *path =
      bk_restore_tpm_path (restore->request->directory, restore->chain->point->vm);

  if (!bk_vm_state_has_tpm (restore->chain) || restore->request->overwrite ||
      !g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  bk_set_error (error, BK_ERROR_USAGE,
                "“%s” is there already; choose another directory, or overwrite it (--overwrite)",
                path);
  return FALSE;
}

/**
 * bk_vm_restore_to_directory:
 *
 * The images, the definition and what else is kept, as files for a person to use.
 */
gboolean
bk_vm_restore_to_directory (BkVmRestore *restore, GError **error)
{
  const char *vm = restore->chain->point->vm;
  g_autofree char *xml = read_definition (restore, error);
  g_autofree char *file = g_strconcat (vm, ".xml", NULL);
  g_autofree char *path = g_build_filename (restore->request->directory, file, NULL);
  g_autofree char *nvram = nvram_path_in_directory (restore, vm);

  if (xml == NULL || !check_tpm_directory (restore, error))
    return FALSE;
  bk_vm_restore_add_files (restore->files, restore->chain, restore->request->directory, vm);
  bk_restore_files_add_small (restore->files, path, g_bytes_new (xml, strlen (xml)));
  return plan_nvram (restore, nvram, error) &&
         write_files (restore, restore->request->overwrite, error) &&
         save_journal (restore, BK_RESTORE_PLACING, error) &&
         bk_restore_place (restore->journal, error) &&
         bk_restore_tpm_place (restore->journal, error) && finish_placed (restore, error);
}

static char *
new_definition (BkVmRestore *restore, const char *nvram, GError **error)
{
  g_autofree char *xml = read_definition (restore, error);
  g_autoptr (GHashTable) disks = g_hash_table_new (g_str_hash, g_str_equal);

  if (xml == NULL)
    return NULL;
  for (guint i = 0; i < restore->files->len; i++)
    {
      const BkRestoreFile *file = g_ptr_array_index (restore->files, i);

      if (file->target != NULL)
        g_hash_table_insert (disks, file->target, file->path);
    }
  return bk_domain_xml_rewrite (
      xml, &(BkDomainRewrite){ restore->request->name, restore->journal->uuid, disks, nvram },
      error);
}

/**
 * bk_vm_restore_as_new:
 *
 * Another VM beside the old one, under a name and a UUID of its own. Its definition is what
 * commits it.
 */
gboolean
bk_vm_restore_as_new (BkVmRestore *restore, GError **error)
{
  const char *name = restore->request->name;
  g_autofree char *nvram = NULL;

  if (!bk_vm_restore_check_name (name, restore->hypervisor, error))
    return FALSE;
  restore->journal->uuid = g_uuid_string_random ();
  nvram = nvram_path_in_directory (restore, name);
  bk_vm_restore_add_files (restore->files, restore->chain, restore->request->directory, name);
  if (!plan_nvram (restore, nvram, error) ||
      !write_files (restore, restore->request->overwrite, error))
    return FALSE;

  g_autofree char *xml = new_definition (restore, nvram, error);
  if (xml == NULL || !save_journal (restore, BK_RESTORE_PLACING, error) ||
      !bk_restore_place (restore->journal, error))
    return FALSE;
  restore->outcome->uuid = bk_hypervisor_define (restore->hypervisor, xml, error);
  return restore->outcome->uuid != NULL && finish_placed (restore, error);
}

static gboolean
plan_own_nvram (BkVmRestore *restore, BkVmRun *run, GError **error)
{
  g_autofree char *xml = bk_hypervisor_get_xml (run->hypervisor, run->vm->uuid, error);
  g_autofree char *nvram = NULL;

  return xml != NULL && bk_domain_xml_read_nvram (xml, &nvram, error) &&
         plan_nvram (restore, nvram, error);
}

/**
 * bk_vm_restore_in_place:
 *
 * The VM's own disks are replaced. Its cycle ends with them: the new ones have no bitmaps.
 */
gboolean
bk_vm_restore_in_place (BkVmRestore *restore, GError **error)
{
  const BkVmBackupRequest run_request = { .vm = restore->chain->point->vm,
                                          .job_id = restore->request->job_id };
  g_autoptr (GError) failure = NULL;
  g_autoptr (BkVmRun) run =
      bk_vm_run_open (restore->repository, restore->hypervisor, restore->reporter, &run_request,
                      restore->cancellable, &failure);

  if (run == NULL)
    {
      bk_vm_restore_explain (run_request.vm, &failure);
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  if (!bk_vm_restore_check_target (run->vm, restore->chain, error))
    return FALSE;
  restore->journal->uuid = g_strdup (run->vm->uuid);
  if (!bk_vm_restore_add_files_in_place (restore->files, restore->chain, run->vm, error) ||
      !plan_own_nvram (restore, run, error) || !write_files (restore, TRUE, error) ||
      !bk_restore_files_keep_owners (restore->files, error) ||
      !save_journal (restore, BK_RESTORE_PLACING, error) ||
      !bk_restore_swap (restore->journal, run, error))
    return FALSE;
  restore->replaced = TRUE;
  bk_vm_run_log (run, BK_LOG_INFO, restore->chain->backup->id, "restore.swap",
                 "The disks of “%s” are replaced; the old ones are removed now", run->vm->name);
  restore->outcome->uuid = g_strdup (run->vm->uuid);
  if (!bk_restore_end_cycle (run, error))
    return FALSE;
  bk_restore_remove_kept (restore->journal);
  return bk_vm_restore_remove_journal (restore, error);
}
