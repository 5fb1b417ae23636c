#include "ops/vm/forget.h"

#include "base/error.h"
#include "base/gettext.h"
#include "format/vm-point-json.h"
#include "store/repository/catalogue.h"

#include <string.h>

static gboolean
delete_own (BkVmRun *run, const char *name, guint *deleted_count, GError **error)
{
  gboolean has = FALSE;

  if (name == NULL || run->vm == NULL) /* with a VM that is gone, its checkpoints are too */
    return TRUE;
  if (!bk_vm_run_has_checkpoint (run, name, &has, error))
    return FALSE;
  if (!has)
    return TRUE;
  ++*deleted_count;
  return bk_vm_run_delete_checkpoint (run, name, error);
}

static gboolean
check_not_consolidating (BkVmRun *run, GError **error)
{
  const char *name = run->request->vm;

  if (run->cycle == NULL || run->cycle->status != BK_CYCLE_CONSOLIDATING)
    return TRUE;
  if (run->vm != NULL)
    bk_set_error (error, BK_ERROR_BUSY,
                  "A consolidation of “%s” was interrupted; run its backup once to finish it, then "
                  "forget the chain",
                  name);
  else
    bk_set_error (error, BK_ERROR_BUSY,
                  "A consolidation of “%s” was interrupted, and the VM is gone; restore its newest "
                  "backup as a new VM “%s” and run its backup once to finish it, then forget the "
                  "chain",
                  name, name);
  return FALSE;
}

/**
 * bk_vm_forget:
 * @run: of bk_vm_run_open_left()
 *
 * Ends the active cycle without merging it: takes this program's checkpoints off the VM, so that it
 * can be undefined, and removes manifest.json. The backups stay and can be restored; the next one
 * begins a new cycle. Checkpoints of other programs are not touched.
 */
gboolean
bk_vm_forget (BkVmRun *run, GError **error)
{
  g_autoptr (GPtrArray) backups =
      bk_catalogue_list (run->repository, run->project_id, NULL, NULL, run->cancellable, error);
  guint deleted_count = 0;

  if (backups == NULL)
    return FALSE;
  if (!check_not_consolidating (run, error))
    return FALSE;
  for (guint i = 0; i < backups->len; i++)
    {
      const BkBackup *backup = g_ptr_array_index (backups, i);
      g_autoptr (BkVmPoint) point = bk_vm_point_from_json (backup->extra, backup->id, NULL);

      if (point != NULL && !delete_own (run, point->checkpoint, &deleted_count, error))
        return FALSE;
    }
  if (run->cycle != NULL &&
      !delete_own (run, run->cycle->last_checkpoint_name, &deleted_count, error))
    return FALSE;
  if (!bk_cycle_file_remove (run->project, error))
    return FALSE;
  bk_vm_run_set_cycle (run, NULL);
  bk_vm_run_log (
      run, BK_LOG_INFO, NULL, "cycle.forget",
      bk_ngettext (
          "The chain of “%s” is forgotten: %u checkpoint deleted, the backups are kept, the next one begins a new cycle",
          "The chain of “%s” is forgotten: %u checkpoints deleted, the backups are kept, the next one begins a new cycle",
          deleted_count),
      run->request->vm, deleted_count);
  return TRUE;
}
