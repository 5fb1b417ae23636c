#include "ops/vm/restore-recover.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "ops/vm/restore-place.h"
#include "ops/vm/restore-tpm.h"
#include "store/repository/restore-journal-file.h"

/*
 * What a restore that died can have left behind, and what the project's next run does about it:
 *
 * | journal              | what is there                      | done about it                       |
 * | writing              | files under temporary names, the   | removed                             |
 * |                      | state of a TPM                     |                                     |
 * | placing, a directory | some have their place              | the rest get theirs                 |
 * | placing, a new VM    | the VM is not defined yet          | what was placed is taken back       |
 * |                      | it is defined                      | its files lose their other names    |
 * | placing, in place    | the VM's disks are still its own   | what was restored is removed        |
 * |                      | not all of them are                | the rest are replaced, and what was |
 * |                      |                                    | replaced is removed                 |
 */

/**
 * bk_restoring_open:
 * @job_id: who restores; "busy" names it to the next one
 *
 * Errors: %BK_ERROR_BUSY at once when another restore of this project is under way; %BK_ERROR_NO_SPACE
 *   and %BK_ERROR_DENIED when nothing can be written to the repository.
 *
 * Returns: (transfer full) (nullable)
 */
BkRestoring *
bk_restoring_open (BkRepository *repository,
                   BkHypervisor *hypervisor,
                   BkReporter *reporter,
                   const char *project_id,
                   const char *job_id,
                   GError **error)
{
  g_autofree char *other = NULL;
  g_autoptr (GError) local = NULL;
  autofd int project = bk_repository_open_project (repository, project_id, error);
  BkLock *lock =
      project < 0 ? NULL : bk_lock_try (project, BK_RESTORE_LOCK_NAME, job_id, &other, &local);

  if (lock == NULL)
    {
      if (other != NULL)
        bk_set_error (error, BK_ERROR_BUSY,
                      "A backup of “%s” is being restored already, by job %s; wait for it or "
                      "cancel it",
                      project_id, other);
      else if (local != NULL)
        g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }

  BkRestoring *self = g_new0 (BkRestoring, 1);
  self->repository = g_object_ref (repository);
  self->hypervisor = g_object_ref (hypervisor);
  self->reporter = reporter == NULL ? NULL : g_object_ref (reporter);
  self->project_id = g_strdup (project_id);
  self->project = bk_fd_steal (&project);
  self->lock = lock;
  return self;
}

void
bk_restoring_free (BkRestoring *restoring)
{
  g_clear_pointer (&restoring->lock, bk_lock_free);
  bk_fd_clear (&restoring->project);
  g_free (restoring->project_id);
  g_clear_object (&restoring->reporter);
  g_clear_object (&restoring->hypervisor);
  g_clear_object (&restoring->repository);
  g_free (restoring);
}

static void
say (BkRestoring *restoring, const BkRestoreJournal *journal, const char *what)
{
  bk_reporter_message (restoring->reporter, BK_LOG_WARNING, restoring->project_id,
                       journal->backup_id, "recover", "%s", what);
}

static void
say_undone (BkRestoring *restoring, const BkRestoreJournal *journal)
{
  g_autofree char *what = g_strdup_printf (
      _ ("The restore of “%s” as “%s” was interrupted: what it wrote is removed; nothing else was "
         "changed"),
      journal->backup_id, journal->vm);

  say (restoring, journal, what);
}

static void
say_finished (BkRestoring *restoring, const BkRestoreJournal *journal)
{
  g_autofree char *what =
      g_strdup_printf (_ ("The restore of “%s” as “%s” was interrupted: it is finished now"),
                       journal->backup_id, journal->vm);

  say (restoring, journal, what);
}

static void
take_back (BkRestoring *restoring, const BkRestoreJournal *journal)
{
  guint left_count = bk_restore_take_back (journal);

  if (left_count == 0)
    {
      say_undone (restoring, journal);
      return;
    }
  g_autofree char *what = g_strdup_printf (
      bk_ngettext (
          "The restore of “%s” as “%s” was interrupted before the VM was defined: what it wrote is removed but %u file that had its place; restore it again with --overwrite",
          "The restore of “%s” as “%s” was interrupted before the VM was defined: what it wrote is removed but %u files that had their place; restore it again with --overwrite",
          left_count),
      journal->backup_id, journal->vm, left_count);
  say (restoring, journal, what);
}

static void
take_all_back (BkRestoring *restoring, const BkRestoreJournal *journal)
{
  bk_restore_tpm_remove (journal, restoring->hypervisor);
  take_back (restoring, journal);
}

static void
recover_directory (BkRestoring *restoring, const BkRestoreJournal *journal)
{
  g_autoptr (GError) local = NULL;

  if (!bk_restore_place (journal, &local) || !bk_restore_tpm_place (journal, &local))
    {
      say (restoring, journal, local->message);
      take_all_back (restoring, journal);
      return;
    }
  bk_restore_remove_temporary (journal);
  say_finished (restoring, journal);
}

static gboolean
recover_new (BkRestoring *restoring, const BkRestoreJournal *journal, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (BkVm) vm = bk_hypervisor_find_by_uuid (restoring->hypervisor, journal->uuid, &local);

  if (vm == NULL && !g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (vm == NULL)
    {
      take_all_back (restoring, journal);
      return TRUE;
    }
  bk_restore_remove_temporary (journal);
  say_finished (restoring, journal);
  return TRUE;
}

/**
 * bk_restore_end_cycle:
 *
 * The VM's disks are others: they have no bitmaps, so that what libvirt records of checkpoints is no
 * longer true, and the next backup begins a new cycle.
 */
gboolean
bk_restore_end_cycle (BkVmRun *run, GError **error)
{
  if (run->cycle == NULL)
    return TRUE;
  if (run->cycle->last_checkpoint_name != NULL &&
      !bk_hypervisor_drop_checkpoint_record (run->hypervisor, run->vm->uuid,
                                             run->cycle->last_checkpoint_name, error))
    return FALSE;
  if (!bk_cycle_file_remove (run->project, error))
    return FALSE;
  bk_vm_run_set_cycle (run, NULL);
  return TRUE;
}

static gboolean
recover_in_place (BkRestoring *restoring,
                  const BkRestoreJournal *journal,
                  BkVmRun *run,
                  GError **error)
{
  if (!bk_restore_swap_has_begun (journal))
    {
      bk_restore_unswap (journal);
      bk_restore_remove_temporary (journal);
      say_undone (restoring, journal);
      return TRUE;
    }
  if (!bk_restore_swap (journal, run, error) || !bk_restore_end_cycle (run, error))
    return FALSE;
  bk_restore_remove_kept (journal);
  say_finished (restoring, journal);
  return TRUE;
}

/* Of a VM that is gone nothing can be replaced any more; its own disks, where they are kept, stay. */
static gboolean
recover_in_place_alone (BkRestoring *restoring,
                        const BkRestoreJournal *journal,
                        const char *job_id,
                        GError **error)
{
  g_autoptr (GError) local = NULL;
  const BkVmBackupRequest request = { .vm = journal->vm, .job_id = job_id };
  g_autoptr (BkVmRun) run = bk_vm_run_open (restoring->repository, restoring->hypervisor,
                                            restoring->reporter, &request, NULL, &local);

  if (run == NULL && g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND))
    {
      bk_restore_remove_temporary (journal);
      say_undone (restoring, journal);
      return TRUE;
    }
  if (run == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  return recover_in_place (restoring, journal, run, error);
}

static gboolean
recover (BkRestoring *restoring, BkVmRun *run, const char *job_id, GError **error)
{
  g_autoptr (BkRestoreJournal) journal = NULL;
  gboolean recovered = TRUE;

  if (!bk_restore_journal_load (restoring->project, restoring->project_id, &journal, error))
    return FALSE;
  if (journal == NULL)
    return bk_restore_journal_remove (restoring->project, error);
  if (journal->mode == BK_RESTORE_AS_NEW)
    recovered = recover_new (restoring, journal, error);
  else if (journal->state == BK_RESTORE_WRITING)
    take_all_back (restoring, journal);
  else if (journal->mode == BK_RESTORE_TO_DIRECTORY)
    recover_directory (restoring, journal);
  else if (run != NULL)
    recovered = recover_in_place (restoring, journal, run, error);
  else
    recovered = recover_in_place_alone (restoring, journal, job_id, error);
  return recovered && bk_restore_journal_remove (restoring->project, error);
}

/**
 * bk_restore_recover:
 * @job_id: who takes the project, if an interrupted restore in place makes that necessary
 *
 * Finishes or undoes (the table above) what an interrupted restore of this project left, and says so
 * in the log.
 */
gboolean
bk_restore_recover (BkRestoring *restoring, const char *job_id, GError **error)
{
  return recover (restoring, NULL, job_id, error);
}

/**
 * bk_restore_recover_for_run:
 *
 * The same for a run that has the project already. A restore that is under way is left alone.
 */
gboolean
bk_restore_recover_for_run (BkVmRun *run, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (bk_restore_journal_is_absent (run->project))
    return TRUE; /* most have none: no lock is made for them */

  g_autoptr (BkRestoring) restoring =
      bk_restoring_open (run->repository, run->hypervisor, run->reporter, run->project_id,
                         run->request->job_id, &local);
  if (restoring == NULL && g_error_matches (local, BK_ERROR, BK_ERROR_BUSY))
    return TRUE;
  if (restoring == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  return recover (restoring, run, run->request->job_id, error);
}
