#include "ops/backup/prune.h"

#include "base/error.h"
#include "base/quantity.h"
#include "model/retention.h"
#include "ops/backup/delete.h"
#include "store/repository/backup-remove.h"
#include "store/repository/catalogue.h"

#include <string.h>

void
bk_prune_clear (BkPrune *prune)
{
  g_clear_pointer (&prune->backups, g_ptr_array_unref);
}

/**
 * bk_prune_plan:
 * @days: how long standalone copies are kept; 0 keeps them for ever
 * @prune: (out): clear it with bk_prune_clear()
 *
 * What the rules would remove now. Looks only.
 */
gboolean
bk_prune_plan (BkRepository *repository,
               guint days,
               gint64 now_usecs,
               BkPrune *prune,
               GCancellable *cancellable,
               GError **error)
{
  memset (prune, 0, sizeof *prune);

  g_autoptr (GPtrArray) all = bk_catalogue_list (repository, NULL, NULL, NULL, cancellable, error);
  if (all == NULL)
    return FALSE;

  g_autoptr (GPtrArray) expired = bk_retention_expired (all, days, now_usecs);
  prune->backups = g_ptr_array_new_with_free_func ((GDestroyNotify) bk_backup_free);
  for (guint i = 0; i < expired->len; i++)
    {
      const BkBackup *backup = g_ptr_array_index (expired, i);

      g_ptr_array_add (prune->backups, bk_backup_copy (backup));
      prune->size_bytes += backup->size_bytes;
    }
  return TRUE;
}

/* What the plan found may have been pinned, or removed, before its project was locked. */
static gboolean
is_still_expired (BkRepository *repository, const BkBackup *backup, GError **error)
{
  g_autofree char *full_id = bk_backup_full_id (backup);
  g_autoptr (BkBackup) now = bk_catalogue_find (repository, full_id, error);

  if (now == NULL)
    return FALSE;
  if (!bk_retention_is_protected (now))
    return TRUE;
  bk_set_error (error, BK_ERROR_BUSY, "It was pinned meanwhile");
  return FALSE;
}

static gboolean
remove_one (BkRepository *repository,
            const BkBackup *backup,
            const char *job_id,
            BkReporter *reporter,
            GError **error)
{
  g_autoptr (BkLock) lock =
      bk_repository_lock_project (repository, backup->project_id, job_id, error);

  if (lock == NULL || !is_still_expired (repository, backup, error) ||
      !bk_backup_remove (repository, backup, error))
    return FALSE;

  g_autofree char *size = bk_size_text (backup->size_bytes);
  bk_reporter_message (reporter, BK_LOG_INFO, backup->project_id, backup->id, "prune",
                       "“%s” was removed by the retention rule: %s freed", backup->id, size);
  return TRUE;
}

/* Of projects that nobody works on: the next run of the others does it itself. */
static gboolean
finish_interrupted (BkRepository *repository,
                    const char *job_id,
                    BkReporter *reporter,
                    GError **error)
{
  g_autoptr (GPtrArray) ids = bk_repository_list_projects (repository, error);

  for (guint i = 0; ids != NULL && i < ids->len; i++)
    {
      const char *project_id = g_ptr_array_index (ids, i);

      if (!bk_backup_remove_has_leftovers (repository, project_id))
        continue;
      g_autoptr (BkLock) lock = bk_repository_lock_project (repository, project_id, job_id, NULL);
      if (lock != NULL && !bk_backup_delete_recover (repository, project_id, reporter, error))
        return FALSE;
    }
  return ids != NULL;
}

/**
 * bk_prune_execute:
 * @prune: a plan; afterwards what was really removed
 *
 * One that cannot be removed (its project is busy, say) stays for the next time, and does not stop
 * the others.
 */
gboolean
bk_prune_execute (BkRepository *repository,
                  BkPrune *prune,
                  const char *job_id,
                  BkReporter *reporter,
                  GCancellable *cancellable,
                  GError **error)
{
  if (!finish_interrupted (repository, job_id, reporter, error))
    return FALSE;
  for (guint i = prune->backups->len; i > 0; i--)
    {
      const BkBackup *backup = g_ptr_array_index (prune->backups, i - 1);
      g_autoptr (GError) local = NULL;

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (remove_one (repository, backup, job_id, reporter, &local))
        continue;
      bk_reporter_message (reporter, BK_LOG_WARNING, backup->project_id, backup->id, "prune",
                           "“%s” was not removed: %s", backup->id, local->message);
      prune->size_bytes -= backup->size_bytes;
      prune->failed_count++;
      g_ptr_array_remove_index (prune->backups, i - 1);
    }
  return TRUE;
}
