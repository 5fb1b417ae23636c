#include "ops/vm-plan.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/passable.h"
#include "base/path.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

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

/* Of the repository, or of where it will be made. */
static guint64
free_bytes_at (const char *path)
{
  g_autofree char *directory = g_strdup (path);
  struct statvfs st;

  while (statvfs (directory, &st) < 0)
    {
      g_autofree char *parent = g_path_get_dirname (directory);

      if (strcmp (parent, directory) == 0)
        return 0;
      g_free (directory);
      directory = g_steal_pointer (&parent);
    }
  return (guint64) st.f_bavail * st.f_frsize;
}

static guint64
incrementals_bytes (int project, const BkCycle *cycle)
{
  guint64 total = 0;

  for (guint i = 0; i < cycle->disks->len; i++)
    {
      const BkCycleDisk *disk = g_ptr_array_index (cycle->disks, i);

      for (guint k = 0; k < disk->incremental_files->len; k++)
        {
          autofd int fd =
              bk_open_file_at (project, g_ptr_array_index (disk->incremental_files, k), NULL);
          struct stat st;

          if (fd >= 0 && fstat (fd, &st) == 0)
            total += (guint64) st.st_blocks * 512;
        }
    }
  return total;
}

static gboolean
is_checkpoint_missing (BkHypervisor *hypervisor,
                       const BkVm *vm,
                       const BkCycle *cycle,
                       gboolean *missing,
                       GError **error)
{
  if (cycle == NULL || cycle->last_checkpoint_name == NULL || strcmp (cycle->uuid, vm->uuid) != 0)
    return TRUE;

  g_auto (GStrv) names = bk_hypervisor_list_checkpoints (hypervisor, vm->uuid, error);
  if (names == NULL)
    return FALSE;
  *missing = !g_strv_contains ((const char *const *) names, cycle->last_checkpoint_name);
  return TRUE;
}

static char *
find_impassable (BkHypervisor *hypervisor, const char *directory)
{
  uid_t uid;
  gid_t gid;

  return bk_hypervisor_get_writer (hypervisor, &uid, &gid)
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

  if (!bk_vm_name_check (request->vm, error))
    return NULL;
  g_autoptr (BkVm) vm = bk_hypervisor_find_by_name (hypervisor, request->vm, error);
  if (vm == NULL)
    return NULL;

  planned->vm = g_strdup (vm->name);
  planned->project_id = g_strconcat ("vm/", vm->name, NULL);
  g_autofree char *directory = g_build_filename (repository_dir, planned->project_id, NULL);
  autofd int project = bk_open_directory (directory, NULL);
  g_autofree char *impassable = find_impassable (hypervisor, directory);
  BkVmPlanFacts facts = {
    .vm = vm,
    .max_incrementals = request->max_incrementals,
    .standalone = request->standalone || request->pin_label != NULL,
    .exclude_disks = request->exclude_disks,
    .free_bytes = free_bytes_at (repository_dir),
    .impassable = impassable,
  };
  if (project >= 0)
    {
      planned->job_id = bk_lock_dup_holder (project, BK_PROJECT_LOCK_NAME);
      if (!bk_cycle_file_load (project, planned->project_id, &cycle, error) ||
          !is_checkpoint_missing (hypervisor, vm, cycle, &facts.checkpoint_missing, error))
        return NULL;
      facts.cycle = cycle;
      facts.incrementals_bytes = cycle == NULL ? 0 : incrementals_bytes (project, cycle);
    }
  planned->plan = bk_vm_plan_decide (&facts, error);
  return planned->plan == NULL ? NULL : g_steal_pointer (&planned);
}
