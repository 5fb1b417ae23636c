#include "ops/vm/run.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "base/passable.h"
#include "base/path.h"
#include "base/quantity.h"
#include "model/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* So that "<vm>-<disk>-Full-Merged-YYYYMMDD_HHMMSS.qcow2" stays one name on every file system. */
#define VM_NAME_MAX_BYTES 150

static gboolean
check_name (const char *name, GError **error)
{
  if (bk_name_is_safe (name) && strlen (name) <= VM_NAME_MAX_BYTES)
    return TRUE;

  g_autofree char *line = bk_error_one_line (name);
  bk_set_error (error, BK_ERROR_USAGE,
                "The VM “%s” cannot be backed up under this name: it begins with “.” or “-”, has "
                "control characters or is longer than %d bytes; rename the VM",
                line, VM_NAME_MAX_BYTES);
  return FALSE;
}

static BkVmRun *
run_new (BkRepository *repository,
         BkHypervisor *hypervisor,
         BkReporter *reporter,
         const BkVmBackupRequest *request,
         GCancellable *cancellable)
{
  BkVmRun *run = g_new0 (BkVmRun, 1);

  run->request = request;
  run->repository = g_object_ref (repository);
  run->hypervisor = g_object_ref (hypervisor);
  run->reporter = reporter == NULL ? NULL : g_object_ref (reporter);
  run->cancellable = cancellable == NULL ? NULL : g_object_ref (cancellable);
  run->project = -1;
  run->project_id = g_strconcat ("vm/", request->vm, NULL);
  run->project_path = g_build_filename (bk_repository_path (repository), run->project_id, NULL);
  return run;
}

static gboolean
open_project (BkVmRun *run, GError **error)
{
  run->lock =
      bk_repository_lock_project (run->repository, run->project_id, run->request->job_id, error);
  if (run->lock == NULL)
    return FALSE;
  run->project = bk_repository_open_project (run->repository, run->project_id, error);
  return run->project >= 0 &&
         bk_cycle_file_load (run->project, run->project_id, &run->cycle, error);
}

/**
 * bk_vm_request_check:
 *
 * Errors: %BK_ERROR_USAGE for a name that no project can be named by, or what is no label.
 */
gboolean
bk_vm_request_check (const BkVmBackupRequest *request, GError **error)
{
  return check_name (request->vm, error) &&
         (request->pin_label == NULL || bk_backup_label_check (request->pin_label, error));
}

/**
 * bk_vm_run_open:
 * @request: must outlive the run
 *
 * Errors: %BK_ERROR_USAGE for a name or a label that cannot be; %BK_ERROR_NOT_FOUND, %BK_ERROR_BUSY at once when another run works on this VM,
 *   %BK_ERROR_UNAVAILABLE, %BK_ERROR_INTEGRITY when manifest.json cannot be trusted.
 *
 * Returns: (transfer full) (nullable): the run.
 */
BkVmRun *
bk_vm_run_open (BkRepository *repository,
                BkHypervisor *hypervisor,
                BkReporter *reporter,
                const BkVmBackupRequest *request,
                GCancellable *cancellable,
                GError **error)
{
  if (!bk_vm_request_check (request, error))
    return NULL;

  g_autoptr (BkVmRun) run = run_new (repository, hypervisor, reporter, request, cancellable);
  run->vm = bk_hypervisor_find_by_name (hypervisor, request->vm, error);
  return run->vm != NULL && open_project (run, error) ? g_steal_pointer (&run) : NULL;
}

/* The VM that the cycle is of, whatever its name is now; none when it is gone. */
static gboolean
find_by_cycle (BkVmRun *run, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (run->cycle == NULL)
    return TRUE;
  run->vm = bk_hypervisor_find_by_uuid (run->hypervisor, run->cycle->uuid, &local);
  if (run->vm != NULL || g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/**
 * bk_vm_run_open_left:
 * @request: must outlive the run; its VM may have been removed or renamed since it was backed up
 *
 * As bk_vm_run_open(), for what there is of a VM. The run's VM is %NULL when it is gone.
 *
 * Errors: %BK_ERROR_NOT_FOUND when there is neither a VM nor a project of this name.
 *
 * Returns: (transfer full) (nullable): the run, for bk_vm_forget() alone.
 */
BkVmRun *
bk_vm_run_open_left (BkRepository *repository,
                     BkHypervisor *hypervisor,
                     BkReporter *reporter,
                     const BkVmBackupRequest *request,
                     GCancellable *cancellable,
                     GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (BkVmRun) there =
      bk_vm_run_open (repository, hypervisor, reporter, request, cancellable, &local);

  if (there != NULL)
    return g_steal_pointer (&there);

  g_autofree char *project_id = g_strconcat ("vm/", request->vm, NULL);
  autofd int project = g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND)
                           ? bk_repository_open_project (repository, project_id, NULL)
                           : -1;
  if (project < 0)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  g_autoptr (BkVmRun) run = run_new (repository, hypervisor, reporter, request, cancellable);
  return open_project (run, error) && find_by_cycle (run, error) ? g_steal_pointer (&run) : NULL;
}

void
bk_vm_run_free (BkVmRun *run)
{
  g_clear_pointer (&run->plan, bk_vm_plan_free);
  bk_vm_facts_clear (&run->facts);
  g_clear_pointer (&run->cycle, bk_cycle_free);
  g_clear_pointer (&run->vm, bk_vm_free);
  bk_fd_clear (&run->project);
  g_clear_pointer (&run->lock, bk_lock_free);
  g_free (run->project_path);
  g_free (run->project_id);
  g_clear_object (&run->cancellable);
  g_clear_object (&run->reporter);
  g_clear_object (&run->hypervisor);
  g_clear_object (&run->repository);
  g_free (run);
}

/**
 * bk_vm_run_log:
 * @backup_id: (nullable)
 * @action: a stable word for programs
 * @format: for people, in English; translated here
 */
void
bk_vm_run_log (BkVmRun *run,
               BkLogLevel level,
               const char *backup_id,
               const char *action,
               const char *format,
               ...)
{
  va_list args;

  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (bk_gettext (format), args);
  va_end (args);
  bk_reporter_message (run->reporter, level, run->project_id, backup_id, action, "%s", message);
}

/**
 * bk_vm_run_progress:
 * @step: a stable word, such as “copy”
 * @total_bytes: 0 when it is not known
 */
void
bk_vm_run_progress (BkVmRun *run, const char *step, guint64 done_bytes, guint64 total_bytes)
{
  bk_reporter_progress (run->reporter, &(BkProgress){ .project_id = run->project_id,
                                                      .step = step,
                                                      .done_bytes = done_bytes,
                                                      .total_bytes = total_bytes });
}

/**
 * bk_vm_run_set_cycle:
 * @cycle: (transfer full) (nullable): what is on disk now
 */
void
bk_vm_run_set_cycle (BkVmRun *run, BkCycle *cycle)
{
  g_clear_pointer (&run->cycle, bk_cycle_free);
  run->cycle = cycle;
}

/**
 * bk_vm_run_observe:
 *
 * Reads what the plan is decided from.
 */
gboolean
bk_vm_run_observe (BkVmRun *run, GError **error)
{
  bk_vm_facts_clear (&run->facts);
  return bk_vm_facts_read (&run->facts, run->request, bk_repository_path (run->repository),
                           run->project, run->hypervisor, run->vm, run->cycle, error);
}

/**
 * bk_vm_run_decide:
 *
 * Has the model decide what this run does, by the facts that it has; again where it has learnt more.
 */
gboolean
bk_vm_run_decide (BkVmRun *run, GError **error)
{
  run->facts.facts.vm = run->vm;
  run->facts.facts.cycle = run->cycle;
  g_clear_pointer (&run->plan, bk_vm_plan_free);
  run->plan = bk_vm_plan_decide (&run->facts.facts, error);
  return run->plan != NULL;
}

/**
 * bk_vm_run_check_space:
 *
 * Errors: %BK_ERROR_NO_SPACE when what the plan needs for certain is not there.
 */
gboolean
bk_vm_run_check_space (BkVmRun *run, GError **error)
{
  const BkVmPlan *plan = run->plan;
  guint64 free_bytes;

  if (!bk_repository_free_bytes (run->repository, &free_bytes, error))
    return FALSE;
  if (plan->certain_bytes <= free_bytes)
    return TRUE;

  g_autofree char *needs = bk_size_text (plan->certain_bytes);
  g_autofree char *has = bk_size_text (free_bytes);
  bk_set_error (error, BK_ERROR_NO_SPACE,
                "The backup of “%s” was not started: it needs %s in “%s”, which has %s; free some "
                "space there or set another repository%s",
                run->vm->name, needs, bk_repository_path (run->repository), has,
                plan->merge == BK_MERGE_COPY ? _ (", or merge in place (--merge in-place)") : "");
  return FALSE;
}

static void
on_hashed (guint64 delta_bytes, gpointer user_data)
{
  BkHashing *hashing = user_data;

  hashing->done_bytes += delta_bytes;
  bk_vm_run_progress (hashing->run, hashing->step, hashing->done_bytes, hashing->total_bytes);
}

/**
 * bk_vm_run_hash:
 * @path: relative to the project's directory
 * @size_bytes: (out) (optional): its size
 *
 * Returns: (transfer full) (nullable): the file's SHA-256.
 */
char *
bk_vm_run_hash (BkHashing *hashing, const char *path, guint64 *size_bytes, GError **error)
{
  autofd int fd = bk_open_file_at (hashing->run->project, path, error);

  return fd < 0 ? NULL
                : bk_sha256_of_fd (fd, path, size_bytes, on_hashed, hashing,
                                   hashing->run->cancellable, error);
}

/**
 * bk_vm_run_owns_file:
 * @path: absolute
 *
 * Returns: whether it lies in the project: a copy that QEMU writes there is one of ours.
 */
gboolean
bk_vm_run_owns_file (const BkVmRun *run, const char *path)
{
  g_autofree char *below = g_strconcat (run->project_path, "/", NULL);

  return g_str_has_prefix (path, below);
}

/**
 * bk_vm_run_file_size:
 * @path: relative to the project's directory
 * @size_bytes: (out): set with %TRUE
 */
gboolean
bk_vm_run_file_size (BkVmRun *run, const char *path, guint64 *size_bytes, GError **error)
{
  autofd int fd = bk_open_file_at (run->project, path, error);
  struct stat st;

  if (fd < 0)
    return FALSE;
  if (fstat (fd, &st) < 0)
    return bk_error_set_errno (error, errno, "The size of “%s” cannot be read", path);
  *size_bytes = (guint64) st.st_size;
  return TRUE;
}

/**
 * bk_vm_find_free_time:
 * @project: its directory
 * @usecs: (out): bk_cycle_next_time()
 */
gboolean
bk_vm_find_free_time (int project, const char *vm, gint64 *usecs, GError **error)
{
  g_autoptr (GPtrArray) names = bk_list_directory (project, error);

  if (names == NULL)
    return FALSE;
  *usecs = bk_cycle_next_time (vm, names, g_get_real_time ());
  return TRUE;
}

/**
 * bk_vm_run_check_passable:
 *
 * QEMU opens what it writes by name, as a user of its own, who must get through every directory
 * above it.
 *
 * Errors: %BK_ERROR_DENIED names the directory that it cannot pass.
 */
gboolean
bk_vm_run_check_passable (BkVmRun *run, GError **error)
{
  uid_t uid;
  gid_t gid;

  if (!bk_hypervisor_get_writer (run->hypervisor, run->vm->uuid, &uid, &gid))
    return TRUE;

  g_autofree char *directory = bk_find_impassable (run->project_path, uid, gid);
  if (directory == NULL)
    return TRUE;
  bk_set_error (error, BK_ERROR_DENIED,
                "The backup of “%s” was not started: QEMU runs as a user (uid %u) that cannot pass "
                "the directory “%s”; run “chmod o+x %s”",
                run->vm->name, uid, directory, directory);
  return FALSE;
}
