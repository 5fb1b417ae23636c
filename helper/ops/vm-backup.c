#include "ops/vm-backup.h"

#include "base/error.h"
#include "ops/vm-consolidate.h"
#include "ops/vm-copy.h"
#include "ops/vm-recover.h"
#include "ops/vm-run.h"

#include <string.h>

void
bk_vm_backup_outcome_clear (BkVmBackupOutcome *outcome)
{
  g_clear_pointer (&outcome->backup, bk_backup_free);
}

/* Another VM of the same name never extends a family. What there is of the old one stays, and can
 * be restored; the new VM's Base begins a cycle of its own. */
static void
give_up_foreign_cycle (BkVmRun *run)
{
  if (run->cycle == NULL || run->cycle->status == BK_CYCLE_CONSOLIDATING ||
      strcmp (run->cycle->uuid, run->vm->uuid) == 0)
    return;
  bk_vm_run_log (run, BK_LOG_WARNING, NULL, "cycle",
                 "“%s” is another VM than the one backed up under this name before (UUID %s, now "
                 "%s): a new cycle begins, the old backups are kept",
                 run->vm->name, run->cycle->uuid, run->vm->uuid);
  bk_vm_run_set_cycle (run, NULL);
}

static void
log_outcome (BkVmRun *run, const BkVmBackupOutcome *outcome)
{
  static const char *const what[] = {
    [BK_STEP_BASE] = "Base backup",
    [BK_STEP_INCREMENTAL] = "Incremental backup",
    [BK_STEP_CONSOLIDATION] = "Consolidation",
  };
  static const char *const actions[] = {
    [BK_STEP_BASE] = "backup.base",
    [BK_STEP_INCREMENTAL] = "backup.incremental",
    [BK_STEP_CONSOLIDATION] = "backup.consolidation",
  };
  g_autofree char *size = g_format_size (outcome->backup->size_bytes);
  g_autofree char *message = g_strdup_printf (
      "%s of “%s” completed: %s, %s in %.1f s", what[outcome->step], run->vm->name,
      outcome->backup->id, size, (double) outcome->duration_usecs / G_USEC_PER_SEC);
  g_autoptr (JsonObject) details = json_object_new ();

  json_object_set_int_member (details, "size_bytes", (gint64) outcome->backup->size_bytes);
  json_object_set_string_member (details, "step", bk_cycle_step_to_string (outcome->step));
  bk_reporter_log (run->reporter, &(BkLogEntry){ .level = BK_LOG_INFO,
                                                 .project_id = run->project_id,
                                                 .backup_id = outcome->backup->id,
                                                 .action = actions[outcome->step],
                                                 .status = "ok",
                                                 .message = message,
                                                 .details = details });
}

static void
log_failure (BkVmRun *run, const GError *error)
{
  bk_reporter_log (run->reporter, &(BkLogEntry){ .level = BK_LOG_ERROR,
                                                 .project_id = run->project_id,
                                                 .action = "backup",
                                                 .status = "failed",
                                                 .message = error->message,
                                                 .error = bk_error_problem (error) });
}

static gboolean
execute (BkVmRun *run, guint max_incrementals, BkVmBackupOutcome *outcome, GError **error)
{
  gint64 started_usecs = g_get_monotonic_time ();

  outcome->step = bk_cycle_next_step (run->cycle, max_incrementals);
  bk_vm_run_log (run, BK_LOG_INFO, NULL, "backup", "Backing up “%s”: %s", run->vm->name,
                 bk_cycle_step_to_string (outcome->step));
  outcome->backup = outcome->step == BK_STEP_CONSOLIDATION
                        ? bk_vm_consolidate (run, error)
                        : bk_vm_copy (run, max_incrementals, error);
  outcome->duration_usecs = g_get_monotonic_time () - started_usecs;
  return outcome->backup != NULL;
}

/**
 * bk_vm_backup:
 * @outcome: (out): clear it with bk_vm_backup_outcome_clear()
 *
 * The next step of a VM's cycle, whichever it is: Base, Incremental or Consolidation (seeds/000
 * section 3).
 *
 * Errors: those of opening the run (ops/vm-run.c), of the copy and of the consolidation. Each is in
 *   the project's log too.
 */
gboolean
bk_vm_backup (const BkVmBackupRequest *request,
              BkRepository *repository,
              BkHypervisor *hypervisor,
              BkReporter *reporter,
              GCancellable *cancellable,
              BkVmBackupOutcome *outcome,
              GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (BkVmRun) run = bk_vm_run_open (repository, hypervisor, reporter, request->vm,
                                            request->job_id, cancellable, &local);

  memset (outcome, 0, sizeof *outcome);
  if (run != NULL && bk_vm_recover (run, &local))
    {
      give_up_foreign_cycle (run);
      if (execute (run, request->max_incrementals, outcome, &local))
        {
          log_outcome (run, outcome);
          return TRUE;
        }
    }

  /* What never became a run (no such VM, busy) is not part of the project's story. */
  if (run != NULL)
    log_failure (run, local);
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}
