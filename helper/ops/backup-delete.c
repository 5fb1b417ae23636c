#include "ops/backup-delete.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/quantity.h"
#include "model/retention.h"
#include "store/backup-remove.h"
#include "store/catalogue.h"
#include "store/cycle-file.h"

#include <string.h>

static char *
join_ids (const GPtrArray *backups)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < backups->len; i++)
    g_string_append_printf (text, "%s%s", i == 0 ? "" : ", ",
                            ((const BkBackup *) g_ptr_array_index (backups, i))->id);
  return g_string_free (text, FALSE);
}

static gboolean
check_confirmed (const BkBackup *backup, const char *confirm, GError **error)
{
  if (!bk_retention_is_protected (backup) || g_strcmp0 (confirm, backup->id) == 0)
    return TRUE;
  bk_set_error (error, BK_ERROR_DENIED,
                "“%s” is %s: to delete it for good, repeat its name: --confirm %s", backup->id,
                backup->type == BK_BACKUP_CHECKPOINT ? "pinned" : "a Full-Merged", backup->id);
  return FALSE;
}

static gboolean
check_dependents (BkRepository *repository, const BkBackup *backup, GError **error)
{
  g_autoptr (GPtrArray) all =
      bk_catalogue_list (repository, backup->project_id, NULL, NULL, NULL, error);
  g_autoptr (GPtrArray) dependents = all == NULL ? NULL : bk_retention_dependents (backup, all);

  if (dependents == NULL || dependents->len == 0)
    return dependents != NULL;

  g_autofree char *ids = join_ids (dependents);
  bk_set_error (error, BK_ERROR_BUSY,
                "“%s” is needed by %s: without it they could not be restored; delete those first",
                backup->id, ids);
  return FALSE;
}

/* The next incremental continues the newest point of an active cycle. */
static gboolean
check_cycle (BkRepository *repository, const BkBackup *backup, GError **error)
{
  g_autoptr (BkCycle) cycle = NULL;

  if (!g_str_has_prefix (backup->project_id, "vm/"))
    return TRUE;

  autofd int project = bk_repository_open_project (repository, backup->project_id, error);
  if (project < 0 || !bk_cycle_file_load (project, backup->project_id, &cycle, error))
    return FALSE;
  if (cycle == NULL || !bk_cycle_names_backup (cycle, backup->id))
    return TRUE;
  bk_set_error (
      error, BK_ERROR_BUSY,
      "“%s” belongs to the active cycle of “%s”, which the next backup continues; end the "
      "cycle first: cockpit-backup vm forget %s",
      backup->id, backup->project_id, cycle->vm);
  return FALSE;
}

/**
 * bk_backup_delete:
 * @full_id: hostile until checked
 * @confirm: (nullable): what the person typed; the backup's id when it is protected
 * @job_id: who holds the project while it runs
 *
 * Errors: %BK_ERROR_NOT_FOUND; %BK_ERROR_BUSY names what depends on it, or the job that works on
 *   the project; %BK_ERROR_DENIED for a protected one that was not confirmed. Nothing is removed
 *   then.
 */
gboolean
bk_backup_delete (BkRepository *repository,
                  const char *full_id,
                  const char *confirm,
                  const char *job_id,
                  BkReporter *reporter,
                  GError **error)
{
  g_autoptr (BkBackup) named = bk_catalogue_find (repository, full_id, error);
  if (named == NULL)
    return FALSE;

  g_autoptr (BkLock) lock =
      bk_repository_lock_project (repository, named->project_id, job_id, error);
  /* Again, now that nobody else changes it. */
  g_autoptr (BkBackup) backup =
      lock == NULL ? NULL : bk_catalogue_find (repository, full_id, error);
  if (backup == NULL || !check_confirmed (backup, confirm, error) ||
      !check_dependents (repository, backup, error) || !check_cycle (repository, backup, error) ||
      !bk_backup_remove (repository, backup, error))
    return FALSE;

  g_autofree char *size = bk_size_text (backup->size_bytes);
  bk_reporter_message (reporter, BK_LOG_INFO, backup->project_id, backup->id, "backup.delete",
                       "“%s” was deleted: %s freed", backup->id, size);
  return TRUE;
}
