#include "ops/vm/plan.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/passable.h"
#include "base/path.h"

/*
 * Observes and has the model decide; takes no lock and makes nothing, not even the repository. What
 * it says is true for as long as nobody else changes the VM or its project.
 */

void
bk_vm_planned_free (BkVmPlanned *planned)
{
  g_clear_pointer (&planned->plan, bk_vm_plan_free);
  g_free (planned->vm);
  g_free (planned->project_id);
  g_free (planned->job_id);
  g_free (planned);
}

static char *
find_impassable (BkHypervisor *hypervisor, const char *uuid, const char *directory)
{
  uid_t uid;
  gid_t gid;

  return bk_hypervisor_get_writer (hypervisor, uuid, &uid, &gid)
             ? bk_find_impassable (directory, uid, gid)
             : NULL;
}

/**
 * bk_vm_plan:
 * @request: what a backup would be asked for
 * @repository_dir: need not be there yet
 *
 * Errors: %BK_ERROR_NOT_FOUND, %BK_ERROR_USAGE, %BK_ERROR_UNSUPPORTED, %BK_ERROR_INTEGRITY when
 *   manifest.json cannot be trusted, and those of the hypervisor.
 *
 * Returns: (transfer full) (nullable): what it would do.
 */
BkVmPlanned *
bk_vm_plan (const BkVmBackupRequest *request,
            const char *repository_dir,
            BkHypervisor *hypervisor,
            GError **error)
{
  g_autoptr (BkVmPlanned) planned = g_new0 (BkVmPlanned, 1);
  g_autoptr (BkCycle) cycle = NULL;

  if (!bk_vm_request_check (request, error))
    return NULL;
  g_autoptr (BkVm) vm = bk_hypervisor_find_by_name (hypervisor, request->vm, error);
  if (vm == NULL)
    return NULL;

  planned->vm = g_strdup (vm->name);
  planned->project_id = g_strconcat ("vm/", vm->name, NULL);
  g_autofree char *directory = g_build_filename (repository_dir, planned->project_id, NULL);
  autofd int project = bk_open_directory (directory, NULL);
  g_auto (BkVmFacts) facts = { 0 };
  if (project >= 0)
    {
      planned->job_id = bk_lock_dup_holder (project, BK_PROJECT_LOCK_NAME);
      if (!bk_cycle_file_load (project, planned->project_id, &cycle, error))
        return NULL;
    }
  if (!bk_vm_facts_read (&facts, request, repository_dir, project, hypervisor, vm, cycle, error))
    return NULL;
  facts.impassable = find_impassable (hypervisor, vm->uuid, directory);
  facts.facts.impassable = facts.impassable;
  planned->plan = bk_vm_plan_decide (&facts.facts, error);
  return planned->plan == NULL ? NULL : g_steal_pointer (&planned);
}
