/* What a run does to its VM: started paused, stopped again, its checkpoints deleted. */
#include "ops/vm/run.h"

#include "base/atomic-file.h"
#include "base/error.h"
#include "base/path.h"

#include <string.h>
#include <unistd.h>

/* In a project while its VM is started paused: the VM's UUID. */
#define STARTED_NAME ".started-paused"

/**
 * bk_vm_run_has_checkpoint:
 * @name: (nullable): %NULL: none
 * @has: (out): whether the hypervisor knows it
 */
gboolean
bk_vm_run_has_checkpoint (BkVmRun *run, const char *name, gboolean *has, GError **error)
{
  g_auto (GStrv) names = bk_hypervisor_list_checkpoints (run->hypervisor, run->vm->uuid, error);

  if (names == NULL)
    return FALSE;
  *has = name != NULL && g_strv_contains ((const char *const *) names, name);
  return TRUE;
}

/**
 * bk_vm_run_refresh:
 *
 * Reads the VM again: while a job works on it libvirt does not tell its disks' sizes.
 */
gboolean
bk_vm_run_refresh (BkVmRun *run, GError **error)
{
  BkVm *vm = bk_hypervisor_find_by_uuid (run->hypervisor, run->vm->uuid, error);

  if (vm == NULL)
    return FALSE;
  g_clear_pointer (&run->vm, bk_vm_free);
  run->vm = vm;
  return TRUE;
}

/**
 * bk_vm_run_start_paused:
 *
 * Starts a VM that is off, with a note of it in the project first: whatever dies after it, the next
 * run knows that it is this program's to stop again.
 */
gboolean
bk_vm_run_start_paused (BkVmRun *run, GError **error)
{
  const char *uuid = run->vm->uuid;
  g_autoptr (BkVm) now = bk_hypervisor_find_by_uuid (run->hypervisor, uuid, error);
  gboolean is_active;

  /* It may have been saved since it was looked at: a start would use that up. */
  if (now == NULL || !bk_vm_check_no_saved_memory (now, error) ||
      !bk_atomic_write (run->project, STARTED_NAME, uuid, strlen (uuid), 0600, error))
    return FALSE;
  if (bk_hypervisor_start_paused (run->hypervisor, uuid, error))
    return TRUE;
  /* A connection that was lost says nothing: the VM may be started all the same. */
  if (bk_hypervisor_get_active (run->hypervisor, uuid, &is_active, NULL) && !is_active)
    unlinkat (run->project, STARTED_NAME, 0);
  return FALSE;
}

/**
 * bk_vm_run_stop_again:
 *
 * Of a VM that bk_vm_run_start_paused() started. What goes wrong is said, and tried again by
 * the next run.
 */
void
bk_vm_run_stop_again (BkVmRun *run)
{
  g_autoptr (GError) error = NULL;

  if (bk_hypervisor_destroy (run->hypervisor, run->vm->uuid, &error))
    unlinkat (run->project, STARTED_NAME, 0);
  else
    bk_vm_run_log (run, BK_LOG_ERROR, NULL, "vm.stop", "%s; the next run tries again",
                   error->message);
}

/**
 * bk_vm_run_recover_start:
 *
 * Stops a VM that a run started paused, and died before it could stop it again: its guest has never
 * run. One that is not paused any more was taken over by a person.
 */
gboolean
bk_vm_run_recover_start (BkVmRun *run, GError **error)
{
  g_autoptr (GBytes) bytes = bk_read_small_file (run->project, STARTED_NAME, 64, NULL);
  gsize length_bytes = 0;
  const char *uuid = bytes == NULL ? NULL : g_bytes_get_data (bytes, &length_bytes);

  if (uuid != NULL && run->vm->state == BK_VM_PAUSED && length_bytes == strlen (run->vm->uuid) &&
      memcmp (uuid, run->vm->uuid, length_bytes) == 0)
    {
      bk_vm_run_log (run, BK_LOG_WARNING, NULL, "recover",
                     "An earlier run was interrupted while the VM was started paused: it is "
                     "stopped again");
      if (!bk_hypervisor_destroy (run->hypervisor, run->vm->uuid, error) ||
          !bk_vm_run_refresh (run, error))
        return FALSE;
    }
  if (bytes != NULL)
    unlinkat (run->project, STARTED_NAME, 0);
  return TRUE;
}

static gboolean
delete_or_drop (BkVmRun *run, const char *name, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (bk_hypervisor_delete_checkpoint (run->hypervisor, run->vm->uuid, name, &local))
    return TRUE;
  if (bk_error_code (local) != BK_ERROR_FAILED && bk_error_code (local) != BK_ERROR_INTEGRITY)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  /* A bitmap that is gone cannot be deleted: libvirt's record of it still has to go. */
  bk_vm_run_log (run, BK_LOG_WARNING, NULL, "checkpoint.delete",
                 "%s; libvirt's record of it is dropped", local->message);
  return bk_hypervisor_drop_checkpoint_record (run->hypervisor, run->vm->uuid, name, error);
}

/**
 * bk_vm_run_delete_checkpoint:
 *
 * Deletes a checkpoint of this program, whose changes go to the one before it. Only QEMU can take a
 * bitmap out of an image: a VM that is off is started paused for it, and stopped again.
 */
gboolean
bk_vm_run_delete_checkpoint (BkVmRun *run, const char *name, GError **error)
{
  const char *uuid = run->vm->uuid;
  gboolean has = FALSE;
  gboolean is_active;

  if (!bk_vm_run_has_checkpoint (run, name, &has, error))
    return FALSE;
  if (!has)
    return TRUE;
  if (!bk_hypervisor_get_active (run->hypervisor, uuid, &is_active, error))
    return FALSE;
  if (is_active)
    return delete_or_drop (run, name, error);
  if (!bk_vm_run_start_paused (run, error))
    return FALSE;

  gboolean deleted = delete_or_drop (run, name, error);
  bk_vm_run_stop_again (run);
  return deleted;
}
