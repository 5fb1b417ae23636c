#include "ops/vm/forget.h"

#include "base/error.h"
#include "base/gettext.h"
#include "ops/vm/checkpoints.h"

static gboolean
delete_own (BkVmRun *run, guint *deleted_count, GError **error)
{
  if (run->vm == NULL) /* with a VM that is gone, its checkpoints are too */
    return TRUE;

  g_auto (GStrv) names = bk_vm_checkpoints_find (run, NULL, error);
  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      ++*deleted_count;
      if (!bk_vm_run_delete_checkpoint (run, names[i], error))
        return FALSE;
    }
  return names != NULL;
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
  guint deleted_count = 0;

  if (!check_not_consolidating (run, error) || !delete_own (run, &deleted_count, error) ||
      !bk_vm_checkpoints_settle (run, error) || !bk_cycle_file_remove (run->project, error))
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
