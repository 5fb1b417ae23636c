#include "ops/vm/restore-plan.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/lock.h"
#include "base/passable.h"
#include "model/settings.h"
#include "ops/vm/restore-private.h"
#include "store/repository/catalogue.h"
#include "store/repository/cycle-file.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

/*
 * Makes the checks that a restore makes before it writes, without stopping at the first that fails,
 * and without a lock: what it says is true for as long as nobody else changes the VM, its project
 * or the directory. The chain's bytes are not read: that they are what was recorded is found out by
 * the restore itself, still before it writes.
 */

static void
file_free (gpointer data)
{
  BkRestorePlanFile *file = data;

  g_free (file->target);
  g_free (file->path);
  g_free (file->format);
  g_free (file);
}

static void
obstacle_free (gpointer data)
{
  BkRestoreObstacle *obstacle = data;

  g_error_free (obstacle->error);
  g_free (obstacle);
}

/**
 * bk_vm_restore_plan_new:
 * @vm: (nullable)
 *
 * Returns: (transfer full): a plan without files, that nothing stands in the way of.
 */
BkVmRestorePlan *
bk_vm_restore_plan_new (BkRestoreMode mode, const char *backup_id, const char *vm)
{
  BkVmRestorePlan *plan = g_new0 (BkVmRestorePlan, 1);

  plan->mode = mode;
  plan->backup_id = g_strdup (backup_id);
  plan->vm = g_strdup (vm);
  plan->reads = g_ptr_array_new_with_free_func (g_free);
  plan->files = g_ptr_array_new_with_free_func (file_free);
  plan->obstacles = g_ptr_array_new_with_free_func (obstacle_free);
  return plan;
}

void
bk_vm_restore_plan_free (BkVmRestorePlan *plan)
{
  g_free (plan->backup_id);
  g_free (plan->vm);
  g_ptr_array_unref (plan->reads);
  g_ptr_array_unref (plan->files);
  g_ptr_array_unref (plan->obstacles);
  g_free (plan->job_id);
  g_free (plan->impassable);
  g_free (plan);
}

/**
 * bk_vm_restore_plan_add_file:
 * @replaces: whether a file of that name is there
 */
void
bk_vm_restore_plan_add_file (BkVmRestorePlan *plan,
                             const char *target,
                             const char *path,
                             const char *format,
                             guint64 capacity_bytes,
                             gboolean replaces)
{
  BkRestorePlanFile *file = g_new0 (BkRestorePlanFile, 1);

  file->target = g_strdup (target);
  file->path = g_strdup (path);
  file->format = g_strdup (format);
  file->capacity_bytes = capacity_bytes;
  file->replaces = replaces;
  g_ptr_array_add (plan->files, file);
}

/**
 * bk_vm_restore_plan_add_obstacle:
 * @field: (nullable): a string that outlives the plan
 * @error: (transfer full)
 */
void
bk_vm_restore_plan_add_obstacle (BkVmRestorePlan *plan, const char *field, GError *error)
{
  BkRestoreObstacle *obstacle = g_new0 (BkRestoreObstacle, 1);

  obstacle->field = field;
  obstacle->error = error;
  g_ptr_array_add (plan->obstacles, obstacle);
}

/* The backups that it continues, then itself. */
static void
add_reads (BkVmRestorePlan *plan, BkRepository *repository, const BkBackup *backup)
{
  g_autofree char *parent_id = g_strdup (backup->parent_backup_id);

  g_ptr_array_add (plan->reads, g_strdup (backup->id));
  /* A chain is no longer than a cycle; a ring of hostile records ends here too. */
  for (guint i = 0; parent_id != NULL && i <= BK_MAX_INCREMENTALS_MAX; i++)
    {
      g_autofree char *full_id = g_strconcat (backup->project_id, "/", parent_id, NULL);
      g_autoptr (BkBackup) parent = bk_catalogue_find (repository, full_id, NULL);

      if (parent == NULL)
        break;
      g_ptr_array_insert (plan->reads, 0, g_strdup (parent->id));
      g_free (parent_id);
      parent_id = g_strdup (parent->parent_backup_id);
    }
}

static void
add_files (BkVmRestorePlan *plan, const GPtrArray *files, const BkVmChain *chain)
{
  for (guint i = 0; i < files->len; i++)
    {
      const BkRestoreFile *file = g_ptr_array_index (files, i);
      struct stat st;

      bk_vm_restore_plan_add_file (plan, file->target, file->path, file->format,
                                   bk_restore_files_capacity_bytes (file, chain),
                                   lstat (file->path, &st) == 0);
    }
}

static void
look_at_directory (BkVmRestorePlan *plan, BkHypervisor *hypervisor)
{
  if (plan->files->len == 0)
    return;

  const BkRestorePlanFile *file = g_ptr_array_index (plan->files, 0);
  g_autofree char *directory = g_path_get_dirname (file->path);
  struct statvfs fs;
  uid_t uid;
  gid_t gid;

  if (statvfs (directory, &fs) < 0)
    return;
  plan->free_bytes = (guint64) fs.f_bavail * fs.f_frsize;
  if (plan->mode == BK_RESTORE_AS_NEW && bk_hypervisor_get_writer (hypervisor, NULL, &uid, &gid))
    plan->impassable = bk_find_impassable (directory, uid, gid);
}

/* Who works on the project, and whether there is a cycle that a restore in place ends. */
static gboolean
look_at_project (BkVmRestorePlan *plan, BkRepository *repository, const char *id, GError **error)
{
  autofd int project = bk_repository_open_project (repository, id, error);
  g_autoptr (BkCycle) cycle = NULL;

  if (project < 0)
    return FALSE;
  plan->job_id = bk_lock_dup_holder (project, BK_PROJECT_LOCK_NAME);
  if (plan->mode != BK_RESTORE_IN_PLACE)
    return TRUE;
  if (!bk_cycle_file_load (project, id, &cycle, error))
    return FALSE;
  plan->ends_cycle = cycle != NULL;
  return TRUE;
}

static void
check_in_place (BkVmRestorePlan *plan,
                const BkVmChain *chain,
                BkHypervisor *hypervisor,
                GPtrArray *files)
{
  GError *failure = NULL;
  g_autoptr (BkVm) vm = bk_hypervisor_find_by_name (hypervisor, plan->vm, &failure);

  if (vm == NULL)
    bk_vm_restore_explain (plan->vm, &failure);
  else if (bk_vm_restore_add_files_in_place (files, chain, vm, &failure))
    bk_vm_restore_check_target (vm, chain, &failure);
  if (failure != NULL)
    bk_vm_restore_plan_add_obstacle (plan, NULL, failure);
}

static void
check_elsewhere (BkVmRestorePlan *plan,
                 const BkVmRestoreRequest *request,
                 const BkVmChain *chain,
                 BkHypervisor *hypervisor,
                 GPtrArray *files)
{
  GError *failure = NULL;

  if (request->mode == BK_RESTORE_AS_NEW &&
      !bk_vm_restore_check_name (request->name, hypervisor, &failure))
    bk_vm_restore_plan_add_obstacle (plan, "as", g_steal_pointer (&failure));
  if (bk_vm_restore_check_directory (request, &failure))
    bk_vm_restore_add_files (files, chain, request->directory, plan->vm);
  else
    bk_vm_restore_plan_add_obstacle (plan, "directory", failure);
}

/**
 * bk_vm_restore_plan:
 *
 * What bk_vm_restore() would do, and all that stands in its way. Looks only.
 *
 * Errors: those that leave nothing to plan: %BK_ERROR_NOT_FOUND for the backup, %BK_ERROR_USAGE for
 *   one that cannot be restored, %BK_ERROR_INTEGRITY.
 *
 * Returns: (transfer full) (nullable)
 */
BkVmRestorePlan *
bk_vm_restore_plan (const BkVmRestoreRequest *request,
                    BkRepository *repository,
                    BkHypervisor *hypervisor,
                    GError **error)
{
  g_autoptr (BkVmChain) chain = bk_vm_chain_open (repository, request->full_id, error);
  g_autoptr (GPtrArray) files = bk_restore_files_new ();
  gboolean in_place = request->mode == BK_RESTORE_IN_PLACE;

  if (chain == NULL)
    return NULL;
  g_autoptr (BkVmRestorePlan) plan = bk_vm_restore_plan_new (
      request->mode, request->full_id,
      request->mode == BK_RESTORE_AS_NEW ? request->name : chain->point->vm);
  if (!look_at_project (plan, repository, chain->backup->project_id, error))
    return NULL;

  add_reads (plan, repository, chain->backup);
  plan->needed_bytes = bk_restore_files_needed_bytes (chain);
  if (in_place)
    check_in_place (plan, chain, hypervisor, files);
  else
    check_elsewhere (plan, request, chain, hypervisor, files);
  add_files (plan, files, chain);
  look_at_directory (plan, hypervisor);

  GError *failure = NULL;
  if (!bk_restore_files_check (files, chain, request->overwrite || in_place, &failure))
    bk_vm_restore_plan_add_obstacle (plan, in_place ? NULL : "directory", failure);
  return g_steal_pointer (&plan);
}
