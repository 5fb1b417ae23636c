#include "base/error.h"
#include "base/gettext.h"
#include "base/path.h"
#include "ops/vm/restore-private.h"

#include <stdlib.h>
#include <string.h>

/**
 * bk_vm_restore_check_name:
 * @name: hostile until checked
 *
 * Errors: %BK_ERROR_USAGE when it cannot be the name of a new VM, and those of the hypervisor.
 */
gboolean
bk_vm_restore_check_name (const char *name, BkHypervisor *hypervisor, GError **error)
{
  g_autofree char *line = bk_error_one_line (name);
  g_autoptr (GError) local = NULL;
  g_autoptr (BkVm) there = NULL;

  if (!bk_name_is_safe (name))
    {
      bk_set_error (error, BK_ERROR_USAGE, "“%s” cannot be the name of a VM", line);
      return FALSE;
    }
  there = bk_hypervisor_find_by_name (hypervisor, name, &local);
  if (there != NULL)
    {
      bk_set_error (error, BK_ERROR_USAGE,
                    "There is a VM “%s” already; choose another name, or restore in place", name);
      return FALSE;
    }
  if (g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/**
 * bk_vm_restore_check_directory:
 *
 * Errors: %BK_ERROR_USAGE when files are to go to a directory that is not an absolute path.
 */
gboolean
bk_vm_restore_check_directory (const BkVmRestoreRequest *request, GError **error)
{
  if (request->mode == BK_RESTORE_IN_PLACE ||
      (request->directory != NULL && g_path_is_absolute (request->directory)))
    return TRUE;
  bk_set_error (error, BK_ERROR_USAGE, "The directory to restore to must be an absolute path");
  return FALSE;
}

/**
 * bk_vm_restore_explain:
 * @vm: the name of the VM that a restore in place is for
 * @failure: (inout): why it was not found, or another error
 *
 * A VM that is gone has no place: says what there is to do instead.
 */
void
bk_vm_restore_explain (const char *vm, GError **failure)
{
  if (!g_error_matches (*failure, BK_ERROR, BK_ERROR_NOT_FOUND))
    return;
  g_clear_error (failure);
  bk_set_error (failure, BK_ERROR_NOT_FOUND,
                "There is no VM “%s” to restore in place; restore it as a new VM (--as %s)", vm,
                vm);
}

/* They are in the images that would be replaced, and in no backup. */
static gboolean
check_no_snapshots (const BkVm *vm, GError **error)
{
  if (vm->snapshots_count == 0)
    return TRUE;
  bk_set_error (error, BK_ERROR_UNSUPPORTED,
                bk_ngettext ("The VM “%s” has %u snapshot inside its disks, which would be lost "
                             "with them; restore it as a new VM, or delete the snapshot first "
                             "(virsh snapshot-delete)",
                             "The VM “%s” has %u snapshots inside its disks, which would be lost "
                             "with them; restore it as a new VM, or delete the snapshots first "
                             "(virsh snapshot-delete)",
                             vm->snapshots_count),
                vm->name, vm->snapshots_count);
  return FALSE;
}

/**
 * bk_vm_restore_check_target:
 *
 * Errors: %BK_ERROR_USAGE when @vm is not the one that was backed up, %BK_ERROR_BUSY when it is not off,
 *   %BK_ERROR_UNSUPPORTED when its memory is saved, or its disks hold snapshots.
 */
gboolean
bk_vm_restore_check_target (const BkVm *vm, const BkVmChain *chain, GError **error)
{
  if (strcmp (vm->uuid, chain->point->uuid) != 0)
    {
      bk_set_error (
          error, BK_ERROR_USAGE,
          "The backup is of another VM that was named “%s” (UUID %s); restore it as a new "
          "VM",
          vm->name, chain->point->uuid);
      return FALSE;
    }
  return bk_vm_check_off (vm, error) && check_no_snapshots (vm, error) &&
         bk_vm_check_no_saved_memory (vm, error);
}

/**
 * bk_vm_restore_add_files:
 * @files: bk_restore_files_new()
 * @name: the VM's, which the files are named after
 *
 * One image for each disk, in @directory.
 */
void
bk_vm_restore_add_files (GPtrArray *files,
                         const BkVmChain *chain,
                         const char *directory,
                         const char *name)
{
  for (guint i = 0; i < chain->point->disks->len; i++)
    {
      const BkPointDisk *disk = g_ptr_array_index (chain->point->disks, i);
      g_autofree char *file = g_strdup_printf ("%s-%s.qcow2", name, disk->target);
      g_autofree char *path = g_build_filename (directory, file, NULL);

      bk_restore_files_add (files, disk->target, path, "qcow2");
    }
}

/**
 * bk_vm_restore_add_files_in_place:
 * @files: bk_restore_files_new()
 *
 * One image for each disk, where the VM has it.
 *
 * Errors: %BK_ERROR_UNSUPPORTED when the VM has a disk no more, or not in a file, or encrypted: its
 *   definition asks for an encrypted image, and the backup is none.
 */
gboolean
bk_vm_restore_add_files_in_place (GPtrArray *files,
                                  const BkVmChain *chain,
                                  const BkVm *vm,
                                  GError **error)
{
  for (guint i = 0; i < chain->point->disks->len; i++)
    {
      const BkPointDisk *disk = g_ptr_array_index (chain->point->disks, i);
      const BkVmDisk *known = bk_vm_find_disk (vm, disk->target);
      gboolean qcow2 = known != NULL && g_strcmp0 (known->format, "qcow2") == 0;

      if (known == NULL || known->path == NULL || g_strcmp0 (known->source_type, "file") != 0 ||
          (!qcow2 && g_strcmp0 (known->format, "raw") != 0))
        {
          bk_set_error (
              error, BK_ERROR_UNSUPPORTED,
              "The VM “%s” has no disk “%s” in a qcow2 or raw file that could be replaced; "
              "restore it as a new VM",
              vm->name, disk->target);
          return FALSE;
        }
      if (known->encrypted)
        {
          bk_set_error (error, BK_ERROR_UNSUPPORTED,
                        "The disk “%s” of the VM “%s” is encrypted, and its backup is not; restore "
                        "it as a new VM, or to a directory",
                        disk->target, vm->name);
          return FALSE;
        }
      /* What a link leads to is replaced, not the link: the image stays where the person put it. */
      g_autofree char *path = realpath (known->path, NULL);
      bk_restore_files_add (files, disk->target, path == NULL ? known->path : path, known->format);
    }
  return TRUE;
}
