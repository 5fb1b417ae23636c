#include "ops/vm-restore.h"

#include "base/atomic-file.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/quantity.h"
#include "format/domain-rewrite.h"
#include "format/domain-xml.h"
#include "ops/backup-verify.h"
#include "ops/restore-files.h"
#include "ops/vm-restore-private.h"
#include "ops/vm-run.h"
#include "store/point-writer.h"

#include <string.h>
#include <unistd.h>

#define DEFINITION BK_POINT_DATA "/domain.xml"
#define NVRAM BK_POINT_DATA "/nvram"
#define NVRAM_MAX_BYTES (64 * 1024 * 1024)
#define DEFINITION_MAX_BYTES (4 * 1024 * 1024)

typedef struct
{
  const BkVmRestoreRequest *request;
  BkRepository *repository;
  BkHypervisor *hypervisor;
  BkReporter *reporter;
  GCancellable *cancellable;
  BkVmChain *chain;
  GPtrArray *files;
  BkVmRestoreOutcome *outcome;
} Restore;

void
bk_vm_restore_outcome_clear (BkVmRestoreOutcome *outcome)
{
  g_clear_pointer (&outcome->files, g_ptr_array_unref);
  g_free (outcome->uuid);
  g_free (outcome->vm);
}

static void
restore_clear (Restore *restore)
{
  g_clear_pointer (&restore->chain, bk_vm_chain_free);
  g_clear_pointer (&restore->files, g_ptr_array_unref);
}

/* What is restored must be what was backed up: every byte of the chain is read before one is
 * written. */
static gboolean
verify_chain (Restore *restore, GError **error)
{
  g_autoptr (GHashTable) verified = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  return bk_backup_verify (restore->repository, restore->chain->backup, TRUE, verified,
                           restore->reporter, restore->cancellable, error);
}

static char *
read_definition (Restore *restore, GError **error)
{
  autofd int fd = bk_open_directory (restore->chain->directory, error);
  g_autoptr (GBytes) bytes =
      fd < 0 ? NULL : bk_read_small_file (fd, DEFINITION, DEFINITION_MAX_BYTES, error);

  return bytes == NULL ? NULL
                       : g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

static gboolean
write_beside (const char *path, const void *data, gsize length_bytes, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  autofd int fd = bk_open_directory (directory, error);

  return fd >= 0 && bk_atomic_write (fd, name, data, length_bytes, 0600, error);
}

/* @path: (out): where it was written; NULL when the VM has none. */
static gboolean
restore_nvram (Restore *restore, const char *name, char **path, GError **error)
{
  *path = NULL;
  if (bk_backup_find_file (restore->chain->backup, NVRAM) == NULL)
    return TRUE;

  autofd int fd = bk_open_directory (restore->chain->directory, error);
  g_autoptr (GBytes) bytes = fd < 0 ? NULL : bk_read_small_file (fd, NVRAM, NVRAM_MAX_BYTES, error);
  if (bytes == NULL)
    return FALSE;

  g_autofree char *file = g_strconcat (name, "_VARS.fd", NULL);
  *path = g_build_filename (restore->request->directory, file, NULL);
  return write_beside (*path, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), error);
}

static gboolean
write_files (Restore *restore, gboolean overwrite, GError **error)
{
  return bk_restore_files_check (restore->files, restore->chain, overwrite, error) &&
         verify_chain (restore, error) &&
         bk_restore_files_write (restore->files, restore->chain, restore->reporter,
                                 restore->cancellable, &restore->outcome->size_bytes, error);
}

static gboolean
to_directory (Restore *restore, GError **error)
{
  const char *vm = restore->chain->point->vm;
  g_autofree char *xml = read_definition (restore, error);
  g_autofree char *definition = g_strconcat (vm, ".xml", NULL);
  g_autofree char *path = g_build_filename (restore->request->directory, definition, NULL);
  g_autofree char *nvram = NULL;

  if (xml == NULL)
    return FALSE;
  bk_vm_restore_add_files (restore->files, restore->chain, restore->request->directory, vm);
  return write_files (restore, restore->request->overwrite, error) &&
         bk_restore_files_place (restore->files, restore->request->overwrite, error) &&
         restore_nvram (restore, vm, &nvram, error) &&
         write_beside (path, xml, strlen (xml), error);
}

static char *
new_definition (Restore *restore, const char *nvram, GError **error)
{
  g_autofree char *xml = read_definition (restore, error);
  g_autoptr (GHashTable) disks = g_hash_table_new (g_str_hash, g_str_equal);

  if (xml == NULL)
    return NULL;
  for (guint i = 0; i < restore->files->len; i++)
    {
      const BkRestoreFile *file = g_ptr_array_index (restore->files, i);

      g_hash_table_insert (disks, file->target, file->path);
    }
  return bk_domain_xml_rewrite (xml, &(BkDomainRewrite){ restore->request->name, disks, nvram },
                                error);
}

static gboolean
as_new (Restore *restore, GError **error)
{
  g_autofree char *nvram = NULL;

  if (!bk_vm_restore_check_name (restore->request->name, restore->hypervisor, error))
    return FALSE;
  bk_vm_restore_add_files (restore->files, restore->chain, restore->request->directory,
                           restore->request->name);
  if (!write_files (restore, restore->request->overwrite, error) ||
      !bk_restore_files_place (restore->files, restore->request->overwrite, error) ||
      !restore_nvram (restore, restore->request->name, &nvram, error))
    return FALSE;

  g_autofree char *xml = new_definition (restore, nvram, error);
  restore->outcome->uuid =
      xml == NULL ? NULL : bk_hypervisor_define (restore->hypervisor, xml, error);
  if (restore->outcome->uuid != NULL)
    return TRUE;
  /* No VM uses them: they would only be in the way of the next try. */
  for (guint i = 0; i < restore->files->len; i++)
    unlink (((const BkRestoreFile *) g_ptr_array_index (restore->files, i))->path);
  if (nvram != NULL)
    unlink (nvram);
  return FALSE;
}

/* The new disks have no bitmaps: what libvirt records of checkpoints is no longer true, and the
 * next backup begins a new cycle. */
static gboolean
end_cycle (BkVmRun *run, GError **error)
{
  if (run->cycle == NULL)
    return TRUE;
  if (run->cycle->last_checkpoint_name != NULL &&
      !bk_hypervisor_drop_checkpoint_record (run->hypervisor, run->vm->uuid,
                                             run->cycle->last_checkpoint_name, error))
    return FALSE;
  return bk_cycle_file_remove (run->project, error);
}

static gboolean
in_place (Restore *restore, GError **error)
{
  const BkVmBackupRequest run_request = { .vm = restore->chain->point->vm,
                                          .job_id = restore->request->job_id };
  g_autoptr (BkVmRun) run =
      bk_vm_run_open (restore->repository, restore->hypervisor, restore->reporter, &run_request,
                      restore->cancellable, error);

  if (run == NULL || !bk_vm_restore_check_target (run->vm, restore->chain, error) ||
      !bk_vm_restore_add_files_in_place (restore->files, restore->chain, run->vm, error) ||
      !write_files (restore, TRUE, error) || !bk_restore_files_swap (restore->files, error))
    return FALSE;
  bk_vm_run_log (run, BK_LOG_INFO, restore->chain->backup->id, "restore.swap",
                 "The disks of “%s” are replaced; the old ones are removed now", run->vm->name);
  bk_restore_files_discard (restore->files);
  restore->outcome->uuid = g_strdup (run->vm->uuid);
  return end_cycle (run, error);
}

static gboolean
execute (Restore *restore, GError **error)
{
  switch (restore->request->mode)
    {
    case BK_RESTORE_TO_DIRECTORY:
      return to_directory (restore, error);
    case BK_RESTORE_AS_NEW:
      return as_new (restore, error);
    case BK_RESTORE_IN_PLACE:
      break;
    }
  return in_place (restore, error);
}

static void
fill_outcome (Restore *restore)
{
  BkVmRestoreOutcome *outcome = restore->outcome;
  gboolean is_new = restore->request->mode == BK_RESTORE_AS_NEW;

  outcome->vm = g_strdup (is_new ? restore->request->name : restore->chain->point->vm);
  outcome->files = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < restore->files->len; i++)
    g_ptr_array_add (outcome->files,
                     g_strdup (((BkRestoreFile *) g_ptr_array_index (restore->files, i))->path));

  g_autofree char *size = bk_size_text (outcome->size_bytes);
  bk_reporter_message (restore->reporter, BK_LOG_INFO, restore->chain->backup->project_id,
                       restore->chain->backup->id, "restore", "“%s” was restored as “%s”: %s",
                       restore->chain->backup->id, outcome->vm, size);
}

/**
 * bk_vm_restore:
 * @outcome: (out): clear it with bk_vm_restore_outcome_clear()
 *
 * Restores the state of one point. The whole chain is verified before anything is written, and no
 * image takes its place before all of them are complete.
 *
 * Errors: %BK_ERROR_INTEGRITY names what is broken; %BK_ERROR_USAGE when something is in the way;
 *   %BK_ERROR_NO_SPACE; %BK_ERROR_BUSY for a VM that runs. What was there before is there after.
 */
gboolean
bk_vm_restore (const BkVmRestoreRequest *request,
               BkRepository *repository,
               BkHypervisor *hypervisor,
               BkReporter *reporter,
               GCancellable *cancellable,
               BkVmRestoreOutcome *outcome,
               GError **error)
{
  Restore restore = { request, repository, hypervisor, reporter, cancellable, .outcome = outcome };

  memset (outcome, 0, sizeof *outcome);
  if (!bk_vm_restore_check_directory (request, error))
    return FALSE;
  restore.chain = bk_vm_chain_open (repository, request->full_id, error);
  restore.files = bk_restore_files_new ();

  gboolean restored = restore.chain != NULL && execute (&restore, error);
  if (restored)
    fill_outcome (&restore);
  else
    bk_restore_files_discard (restore.files);
  restore_clear (&restore);
  return restored;
}
