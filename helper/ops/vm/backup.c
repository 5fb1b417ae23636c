#include "ops/vm/backup.h"

#include "base/error.h"
#include "base/gettext.h"
#include "base/quantity.h"
#include "ops/backup/verify.h"
#include "ops/vm/consolidate.h"
#include "ops/vm/copy.h"
#include "ops/vm/recover.h"
#include "ops/vm/restore-recover.h"
#include "store/repository/catalogue.h"

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

/* A step's name for a person. */
static const char *
step_text (const char *step)
{
  static const char *const texts[] = { N_ ("base"), N_ ("incremental"), N_ ("consolidation"),
                                       N_ ("standalone"), NULL };

  return g_strv_contains (texts, step) ? _ (step) : step;
}

static void
log_outcome (BkVmRun *run, const BkVmBackupOutcome *outcome)
{
  g_autofree char *size = bk_size_text (outcome->backup->size_bytes);
  g_autofree char *action = g_strconcat ("backup.", outcome->step, NULL);
  g_autofree char *seconds = bk_decimal_text ((double) outcome->duration_usecs / G_USEC_PER_SEC, 1);
  g_autofree char *message =
      g_strdup_printf (_ ("Completed (%s): %s, %s in %s s"), step_text (outcome->step),
                       outcome->backup->id, size, seconds);
  g_autoptr (JsonObject) details = json_object_new ();

  json_object_set_int_member (details, "size_bytes", (gint64) outcome->backup->size_bytes);
  json_object_set_string_member (details, "step", outcome->step);
  bk_reporter_log (run->reporter, &(BkLogEntry){ .level = BK_LOG_INFO,
                                                 .project_id = run->project_id,
                                                 .backup_id = outcome->backup->id,
                                                 .action = action,
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
verify_outcome (BkVmRun *run, const BkVmBackupOutcome *outcome, GError **error)
{
  g_autofree char *full_id = bk_backup_full_id (outcome->backup);
  g_autoptr (GHashTable) verified = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (BkBackup) backup = bk_catalogue_find (run->repository, full_id, error);

  return backup != NULL && bk_backup_verify (run->repository, backup, TRUE, verified, run->reporter,
                                             run->cancellable, error);
}

static BkBackup *
do_as_planned (BkVmRun *run, GError **error)
{
  if (run->facts.facts.standalone)
    return bk_vm_copy (run, BK_POINT_STANDALONE, error);
  switch (bk_cycle_next_step (run->cycle, run->request->max_incrementals))
    {
    case BK_STEP_CONSOLIDATION:
      return bk_vm_consolidate (run, error);
    case BK_STEP_INCREMENTAL:
      return bk_vm_copy (run, BK_POINT_INCREMENTAL, error);
    case BK_STEP_BASE:
    default:
      return bk_vm_copy (run, BK_POINT_BASE, error);
    }
}

static gboolean
execute (BkVmRun *run, BkVmBackupOutcome *outcome, GError **error)
{
  gint64 started_usecs = g_get_monotonic_time ();

  if (!bk_vm_run_observe (run, error) || !bk_vm_run_decide (run, error))
    return FALSE;
  outcome->step = run->plan->step;
  bk_vm_run_log (run, BK_LOG_INFO, NULL, "backup", "Backing up “%s”: %s", run->vm->name,
                 step_text (outcome->step));
  outcome->backup = do_as_planned (run, error);
  if (outcome->backup == NULL || (run->request->verify && !verify_outcome (run, outcome, error)))
    return FALSE;
  outcome->duration_usecs = g_get_monotonic_time () - started_usecs;
  return TRUE;
}

/**
 * bk_vm_backup:
 * @outcome: (out): clear it with bk_vm_backup_outcome_clear()
 *
 * The next step of a VM's cycle, whichever it is (Base, Incremental or Consolidation), or a
 * standalone copy beside it.
 *
 * Errors: those of opening the run (ops/vm/run.c), of the copy and of the consolidation. Each is in
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
  g_autoptr (BkVmRun) run =
      bk_vm_run_open (repository, hypervisor, reporter, request, cancellable, &local);

  memset (outcome, 0, sizeof *outcome);
  if (run != NULL && bk_restore_recover_for_run (run, &local) && bk_vm_recover (run, &local) &&
      bk_vm_consolidate_recover (run, &local))
    {
      give_up_foreign_cycle (run);
      if (execute (run, outcome, &local))
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
