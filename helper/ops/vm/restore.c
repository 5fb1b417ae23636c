#include "ops/vm/restore.h"

#include "base/error.h"
#include "base/gettext.h"
#include "base/quantity.h"
#include "ops/vm/restore-place.h"
#include "ops/vm/restore-private.h"
#include "ops/vm/restore-tpm.h"
#include "store/repository/restore-journal-file.h"

#include <string.h>

/*
 * The order of a restore's writes:
 *
 *   restore.json "writing"  →  every file under a temporary name beside its place, durably  →
 *   restore.json "placing"  →  each takes its place  →  a new VM is defined; in place, the cycle is
 *   ended  →  temporary names, and what was replaced, are removed  →  restore.json is removed
 *
 * Whatever dies in between, the project's next run finishes it or undoes it (ops/vm/restore-recover.c).
 */

void
bk_vm_restore_outcome_clear (BkVmRestoreOutcome *outcome)
{
  g_clear_pointer (&outcome->files, g_ptr_array_unref);
  g_free (outcome->uuid);
  g_free (outcome->vm);
}

static void
restore_clear (BkVmRestore *restore)
{
  g_clear_pointer (&restore->chain, bk_vm_chain_free);
  g_clear_pointer (&restore->files, g_ptr_array_unref);
  g_clear_pointer (&restore->journal, bk_restore_journal_free);
  g_clear_pointer (&restore->restoring, bk_restoring_free);
}

static gboolean
execute (BkVmRestore *restore, GError **error)
{
  switch (restore->request->mode)
    {
    case BK_RESTORE_TO_DIRECTORY:
      return bk_vm_restore_to_directory (restore, error);
    case BK_RESTORE_AS_NEW:
      return bk_vm_restore_as_new (restore, error);
    case BK_RESTORE_IN_PLACE:
      break;
    }
  return bk_vm_restore_in_place (restore, error);
}

static void
fill_outcome (BkVmRestore *restore)
{
  BkVmRestoreOutcome *outcome = restore->outcome;
  gboolean is_new = restore->request->mode == BK_RESTORE_AS_NEW;

  outcome->vm = g_strdup (is_new ? restore->request->name : restore->chain->point->vm);
  outcome->files = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < restore->files->len; i++)
    {
      const BkRestoreFile *file = g_ptr_array_index (restore->files, i);

      if (file->target != NULL)
        g_ptr_array_add (outcome->files, g_strdup (file->path));
    }

  g_autofree char *size = bk_size_text (outcome->size_bytes);
  bk_reporter_message (restore->reporter, BK_LOG_INFO, restore->chain->backup->project_id,
                       restore->chain->backup->id, "restore", "“%s” was restored as “%s”: %s",
                       restore->chain->backup->id, outcome->vm, size);
}

static void
say_left (BkVmRestore *restore, const char *what)
{
  bk_reporter_message (restore->reporter, BK_LOG_ERROR, restore->chain->backup->project_id,
                       restore->chain->backup->id, "restore", "%s", what);
}

/* What failed leaves nothing; where that cannot be had, the journal stays for the next run. */
static void
undo (BkVmRestore *restore)
{
  const BkRestoreJournal *journal = restore->journal;
  gboolean placing = journal->state == BK_RESTORE_PLACING;

  if (journal->paths->len == 0 || restore->replaced || restore->outcome->uuid != NULL)
    return;
  if (bk_restore_may_be_defined (journal, restore->hypervisor))
    {
      if (!placing)
        bk_restore_remove_temporary (journal);
      say_left (restore, _ ("Whether the new VM was defined is not known: the next backup or "
                            "restore finds out, and finishes this one or removes what it wrote"));
      return;
    }
  if (placing && journal->mode == BK_RESTORE_IN_PLACE && bk_restore_unswap (journal) > 0)
    {
      g_autofree char *what = g_strdup_printf (
          _ ("Not every disk of “%s” could be put back: where one is missing it lies beside its "
             "place, with “.replaced-%s” after its name; the next backup or restore tries again"),
          journal->vm, journal->tag);

      say_left (restore, what);
      return;
    }
  bk_restore_tpm_remove (journal, restore->hypervisor);
  if (journal->mode != BK_RESTORE_IN_PLACE)
    bk_restore_take_back (journal);
  bk_restore_remove_temporary (journal);
  bk_vm_restore_remove_journal (restore, NULL);
}

/* In a disaster nothing but the restore itself matters: it is made without a journal where none can be
 * written, and to a directory also while libvirt, which alone knows how an interrupted one ended, is
 * away: that one's journal stays. */
static const char *
why_without_journal (BkVmRestore *restore, const GError *error)
{
  BkRestoreMode mode = restore->request->mode;
  BkError code = bk_error_code (error);

  if (restore->restoring == NULL && mode != BK_RESTORE_IN_PLACE &&
      (code == BK_ERROR_NO_SPACE || code == BK_ERROR_DENIED))
    return _ ("The repository cannot be written to");
  if (restore->restoring != NULL && mode == BK_RESTORE_TO_DIRECTORY && code == BK_ERROR_UNAVAILABLE)
    return _ ("An interrupted restore waits for libvirt");
  return NULL;
}

/* The VM's project takes note of the restore, and of one that was interrupted before. */
static gboolean
open_journal (BkVmRestore *restore, GError **error)
{
  const BkVmRestoreRequest *request = restore->request;
  g_autofree char *tag = g_strdup_printf ("%08x", g_random_int ());
  g_autoptr (GError) local = NULL;

  restore->journal = bk_restore_journal_new (
      request->mode, restore->chain->backup->id,
      request->mode == BK_RESTORE_AS_NEW ? request->name : restore->chain->point->vm, tag);
  restore->journal->overwrite = request->overwrite;
  restore->restoring =
      bk_restoring_open (restore->repository, restore->hypervisor, restore->reporter,
                         restore->chain->backup->project_id, request->job_id, &local);
  restore->has_journal = restore->restoring != NULL &&
                         bk_restore_recover (restore->restoring, request->job_id, &local);
  if (restore->has_journal)
    return TRUE;

  const char *why = why_without_journal (restore, local);
  if (why == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  bk_reporter_message (restore->reporter, BK_LOG_WARNING, restore->chain->backup->project_id,
                       restore->chain->backup->id, "restore",
                       "%s: if this restore is interrupted, nobody removes its temporary files "
                       "(*.restoring-%s)",
                       why, tag);
  return TRUE;
}

/**
 * bk_vm_restore:
 * @outcome: (out): clear it with bk_vm_restore_outcome_clear()
 *
 * Restores the state of one point. The whole chain is verified before anything is written, and no
 * image takes its place before all of them are complete.
 *
 * Errors: %BK_ERROR_INTEGRITY names what is broken; %BK_ERROR_USAGE when something is in the way;
 *   %BK_ERROR_NO_SPACE; %BK_ERROR_BUSY for a VM that runs. What was there before is there after.
 */
gboolean
bk_vm_restore (const BkVmRestoreRequest *request,
               BkRepository *repository,
               BkHypervisor *hypervisor,
               BkReporter *reporter,
               GCancellable *cancellable,
               BkVmRestoreOutcome *outcome,
               GError **error)
{
  BkVmRestore restore = {
    request, repository, hypervisor, reporter, cancellable, .outcome = outcome
  };

  memset (outcome, 0, sizeof *outcome);
  if (!bk_vm_restore_check_directory (request, error))
    return FALSE;
  restore.chain = bk_vm_chain_open (repository, request->full_id, error);
  restore.files = bk_restore_files_new ();

  gboolean restored =
      restore.chain != NULL && open_journal (&restore, error) && execute (&restore, error);
  if (restored)
    fill_outcome (&restore);
  else if (restore.journal != NULL)
    undo (&restore);
  restore_clear (&restore);
  return restored;
}
