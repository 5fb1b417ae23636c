/* The operation: lock, clean up, decide, make, rotate, report. */
#include "ops/tree/backup-private.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "base/path.h"
#include "base/quantity.h"
#include "ops/tree/clean.h"
#include "store/repository/catalogue.h"

static void
run_clear (BkTreeBackupRun *run)
{
  bk_fd_clear (&run->project_fd);
  g_clear_pointer (&run->chain, bk_tree_chain_free);
  g_clear_pointer (&run->sources, g_strfreev);
  g_clear_pointer (&run->mounts, g_strfreev);
  g_clear_pointer (&run->excludes, bk_tree_excludes_free);
  g_clear_pointer (&run->generation, g_free);
  g_clear_pointer (&run->id, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BkTreeBackupRun, run_clear)

void
bk_tree_backup_result_free (BkTreeBackupResult *result)
{
  g_free (result->generation);
  g_strfreev (result->rotated);
  g_clear_pointer (&result->backup, bk_backup_free);
  g_clear_pointer (&result->written, bk_tree_written_free);
  g_free (result);
}

/* ---- rotate ---- */

static void
add_to_chain (BkTreeBackupRun *run, const BkBackup *backup)
{
  BkBackup *copy = bk_backup_copy (backup);

  g_ptr_array_add (run->chain->backups, copy);
  if (run->plan.is_full)
    g_ptr_array_add (run->chain->generations, g_strdup (run->generation));
}

static gboolean
verify_new_full (BkTreeBackupRun *run,
                 const BkBackup *backup,
                 GCancellable *cancellable,
                 GError **error)
{
  autofd int dirfd = bk_open_directory_at (run->project_fd, run->generation, error);

  if (dirfd < 0)
    return FALSE;
  if (bk_tree_verify_backup (dirfd, backup, cancellable, error))
    return TRUE;
  /* A full that does not read back must not be what the next incremental builds on. */
  bk_tree_remove_generation (run->project_fd, run->generation, NULL);
  return FALSE;
}

static gboolean
rotate (BkTreeBackupRun *run, BkTreeBackupResult *result, GCancellable *cancellable, GError **error)
{
  guint max_count = run->request->storage->max_count;
  BkReporter *reporter = run->request->reporter;

  result->rotated = g_new0 (char *, 1);
  if (!run->plan.is_full)
    return TRUE;
  add_to_chain (run, result->backup);

  g_auto (GStrv) due = bk_tree_rotate (run->project_fd, run->chain, max_count, TRUE, error);
  if (due == NULL)
    return FALSE;
  if (due[0] == NULL)
    return TRUE;
  if (result->written->source_missing)
    {
      bk_reporter_message (
          reporter, BK_LOG_WARNING, run->request->project_id, run->id, "tree.rotate",
          "No generation was removed: this full lacks a source that older ones have");
      return TRUE;
    }
  if (!verify_new_full (run, result->backup, cancellable, error))
    return FALSE;
  g_clear_pointer (&result->rotated, g_strfreev);
  result->rotated = bk_tree_rotate (run->project_fd, run->chain, max_count, FALSE, error);
  if (result->rotated == NULL)
    return FALSE;
  for (char **name = result->rotated; *name != NULL; name++)
    bk_reporter_message (reporter, BK_LOG_INFO, run->request->project_id, NULL, "tree.rotate",
                         bk_ngettext ("The generation “%s” was removed: %u is kept",
                                      "The generation “%s” was removed: %u are kept", max_count),
                         *name, max_count);
  return TRUE;
}

/* ---- the operation ---- */

/**
 * bk_tree_project_id:
 *
 * Returns: (transfer full): tree/<agent>/<name>; the agent is this host where none is set.
 */
char *
bk_tree_project_id (const BkTreeTask *task)
{
  return g_strconcat ("tree/", task->agent != NULL ? task->agent : g_get_host_name (), "/",
                      task->name, NULL);
}

/**
 * bk_tree_backup_plan:
 *
 * Changes nothing, not even what an interrupted run left.
 *
 * Returns: (transfer full) (nullable): what bk_tree_backup_run() would do now.
 */
BkTreeBackupResult *
bk_tree_backup_plan (const BkTreeBackupRequest *request, GError **error)
{
  g_auto (BkTreeBackupRun) run = { .request = request, .project_fd = -1 };
  g_autoptr (GError) local = NULL;

  run.project_fd = bk_repository_open_project (request->repository, request->project_id, &local);
  if (run.project_fd < 0 && !g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }

  g_autoptr (BkTreeBackupResult) result = g_new0 (BkTreeBackupResult, 1);
  if (run.project_fd < 0)
    {
      result->plan = bk_generation_decide (&(BkGenerationFacts){ .chain = BK_CHAIN_NONE });
      result->generation = bk_generation_name (g_get_real_time (), (const char *const[]){ NULL });
      result->rotated = g_new0 (char *, 1);
      return g_steal_pointer (&result);
    }
  if (!bk_tree_backup_observe (&run, error))
    return NULL;
  bk_tree_backup_decide (&run);
  result->plan = run.plan;
  result->generation = g_strdup (run.generation);
  if (run.plan.is_full)
    {
      BkBackup *full = bk_backup_new (run.id, request->project_id, BK_BACKUP_FULL);

      full->status = BK_BACKUP_COMPLETED;
      full->directory = g_strconcat (request->project_id, "/", run.generation, NULL);
      full->extra = json_object_new ();
      json_object_set_int_member (full->extra, "sequence", 0);
      add_to_chain (&run, full);
      bk_backup_free (full);
    }
  result->rotated = run.plan.is_full ? bk_tree_rotate (run.project_fd, run.chain,
                                                       request->storage->max_count, TRUE, error)
                                     : g_new0 (char *, 1);
  return result->rotated != NULL ? g_steal_pointer (&result) : NULL;
}

static void
report_end (const BkTreeBackupRun *run, const BkTreeBackupResult *result)
{
  g_autofree char *size = bk_size_text (result->backup->size_bytes);
  g_autofree char *seconds = bk_decimal_text ((gdouble) result->duration_usecs / G_USEC_PER_SEC, 1);
  g_autofree char *message = g_strdup_printf (
      run->plan.is_full
          ? _ ("Full backup completed: %s in %s s; entries: %s, added: %s, modified: %s, deleted: %s")
          : _ ("Incremental backup completed: %s in %s s; entries: %s, added: %s, modified: %s, deleted: %s"),
      size, seconds, BK_NUMBER (result->written->entries_count),
      BK_NUMBER (result->written->added_count), BK_NUMBER (result->written->modified_count),
      BK_NUMBER (result->written->deleted_count));

  bk_reporter_log (
      run->request->reporter,
      &(BkLogEntry){ .level = BK_LOG_INFO,
                     .project_id = run->request->project_id,
                     .backup_id = run->id,
                     .action = run->plan.is_full ? "backup.full" : "backup.incremental",
                     .status = "ok",
                     .message = message });
}

/**
 * bk_tree_backup_run:
 *
 * Errors: %BK_ERROR_BUSY at once if another run holds the project; %BK_ERROR_NOT_FOUND if no source
 *   is there; %BK_ERROR_NO_SPACE and the like leave everything as it was. What is wrong with single
 *   files is a warning.
 *
 * Returns: (transfer full) (nullable)
 */
BkTreeBackupResult *
bk_tree_backup_run (const BkTreeBackupRequest *request, GCancellable *cancellable, GError **error)
{
  gint64 start_usecs = g_get_monotonic_time ();
  g_auto (BkTreeBackupRun) run = { .request = request, .project_fd = -1 };
  g_autoptr (BkTreeBackupResult) result = g_new0 (BkTreeBackupResult, 1);
  g_autoptr (BkLock) lock =
      bk_repository_lock_project (request->repository, request->project_id, request->job_id, error);

  if (lock == NULL)
    return NULL;
  run.project_fd = bk_repository_open_project (request->repository, request->project_id, error);
  if (run.project_fd < 0 || !bk_tree_remove_leftovers (run.project_fd, error) ||
      !bk_tree_backup_observe (&run, error))
    return NULL;
  bk_tree_backup_decide (&run);
  bk_reporter_message (request->reporter, run.plan.is_warning ? BK_LOG_WARNING : BK_LOG_INFO,
                       request->project_id, run.id, "tree.decide",
                       run.plan.is_full ? _ ("Full in %s: %s") : _ ("Incremental in %s: %s"),
                       run.generation, bk_generation_reason_explain (run.plan.reason));
  if (!bk_tree_backup_execute (&run, result, cancellable, error))
    return NULL;
  result->duration_usecs = g_get_monotonic_time () - start_usecs;
  report_end (&run, result);
  if (!rotate (&run, result, cancellable, error))
    return NULL;
  result->plan = run.plan;
  result->generation = g_strdup (run.generation);
  result->duration_usecs = g_get_monotonic_time () - start_usecs;
  return g_steal_pointer (&result);
}
