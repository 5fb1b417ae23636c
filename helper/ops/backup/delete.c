#include "ops/backup/delete.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "base/lock.h"
#include "base/quantity.h"
#include "model/project.h"
#include "model/retention.h"
#include "store/repository/backup-remove.h"
#include "store/repository/catalogue.h"
#include "store/repository/cycle-file.h"

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
  bk_set_error (
      error, BK_ERROR_DENIED,
      backup->type == BK_BACKUP_CHECKPOINT
          ? _ ("“%s” is pinned: to delete it for good, repeat its name: --confirm %s")
          : _ ("“%s” is a Full-Merged: to delete it for good, repeat its name: --confirm %s"),
      backup->id, backup->id);
  return FALSE;
}

typedef struct
{
  const BkBackup *backup;
  GError *error; /* (nullable) */
} Unreadable;

/* Whether what lies at @where in the catalogue can be something that is restored through @backup. */
static gboolean
may_need (const char *where, const BkBackup *backup)
{
  if (g_str_has_prefix (backup->project_id, "tree/"))
    {
      g_autofree char *generation = g_strconcat (backup->directory, "/", NULL);
      g_autofree char *at = g_strconcat (where, "/", NULL);

      return g_str_has_prefix (at, generation) || g_str_has_prefix (generation, at);
    }
  return backup->type == BK_BACKUP_INCREMENTAL ||
         (backup->type == BK_BACKUP_FULL && !bk_retention_is_protected (backup));
}

static void
on_unreadable (const char *where, const GError *why, gpointer user_data)
{
  Unreadable *unreadable = user_data;

  if (unreadable->error == NULL && may_need (where, unreadable->backup))
    bk_set_error (
        &unreadable->error, BK_ERROR_INTEGRITY,
        "“%s” was not deleted: it is not known whether “%s” needs it, which cannot be read: "
        "%s; mend that, or move it away, first",
        unreadable->backup->id, where, why->message);
}

/* What goes before @backup can; empty unless @with_dependents asks for it.
 *
 * Returns: (transfer full) (nullable): the backups in the order of their removal, @backup last. */
static GPtrArray *
find_removals (BkRepository *repository,
               const BkBackup *backup,
               gboolean with_dependents,
               GError **error)
{
  Unreadable unreadable = { .backup = backup };
  g_autoptr (GPtrArray) all =
      bk_catalogue_list (repository, backup->project_id, on_unreadable, &unreadable, NULL, error);
  g_autoptr (GPtrArray) dependents = all == NULL ? NULL : bk_retention_all_dependents (backup, all);
  g_autoptr (GPtrArray) removals = g_ptr_array_new_with_free_func ((GDestroyNotify) bk_backup_free);

  if (dependents == NULL)
    {
      g_clear_error (&unreadable.error);
      return NULL;
    }
  if (unreadable.error != NULL)
    {
      g_propagate_error (error, unreadable.error);
      return NULL;
    }
  if (dependents->len > 0 && !with_dependents)
    {
      g_autofree char *ids = join_ids (dependents);

      bk_set_error (
          error, BK_ERROR_BUSY,
          "“%s” is needed by %s: without it they could not be restored; delete those first, or say "
          "--with-dependents",
          backup->id, ids);
      return NULL;
    }
  for (guint i = 0; i < dependents->len; i++)
    g_ptr_array_add (removals, bk_backup_copy (g_ptr_array_index (dependents, i)));
  g_ptr_array_add (removals, bk_backup_copy (backup));
  return g_steal_pointer (&removals);
}

static gboolean
load_cycle (BkRepository *repository, const BkBackup *backup, BkCycle **cycle, GError **error)
{
  *cycle = NULL;
  if (!g_str_has_prefix (backup->project_id, "vm/"))
    return TRUE;

  autofd int project = bk_repository_open_project (repository, backup->project_id, error);
  return project >= 0 && bk_cycle_file_load (project, backup->project_id, cycle, error);
}

static gboolean
is_in_cycle (const BkCycle *cycle, const BkBackup *backup)
{
  return cycle != NULL && (bk_cycle_names_backup (cycle, backup->id) ||
                           bk_cycle_is_merging_into (cycle, backup->id));
}

/* The next incremental continues the newest point of an active cycle; the next run finishes a consolidation
 * that was interrupted, with what is there of it. */
static gboolean
check_cycle (BkRepository *repository, const BkBackup *backup, GError **error)
{
  g_autoptr (BkCycle) cycle = NULL;

  if (!load_cycle (repository, backup, &cycle, error))
    return FALSE;
  if (!is_in_cycle (cycle, backup))
    return TRUE;
  if (cycle->status == BK_CYCLE_CONSOLIDATING)
    bk_set_error (error, BK_ERROR_BUSY,
                  "“%s” belongs to a consolidation of “%s” that was interrupted; finish it first: "
                  "cockpit-backup vm backup %s",
                  backup->id, backup->project_id, cycle->vm);
  else
    bk_set_error (
        error, BK_ERROR_BUSY,
        "“%s” belongs to the active cycle of “%s”, which the next backup continues; end the "
        "cycle first: cockpit-backup vm forget %s",
        backup->id, backup->project_id, cycle->vm);
  return FALSE;
}

static gboolean
check_removals (BkRepository *repository,
                const GPtrArray *removals,
                const char *confirm,
                GError **error)
{
  for (guint i = 0; i < removals->len; i++)
    {
      const BkBackup *backup = g_ptr_array_index (removals, i);
      gboolean is_named = i == removals->len - 1;

      if (!check_confirmed (backup, is_named ? confirm : NULL, error) ||
          !check_cycle (repository, backup, error))
        return FALSE;
    }
  return TRUE;
}

/* Each removal leaves a repository in which all that is left can be restored. */
static gboolean
remove_all (BkRepository *repository,
            const GPtrArray *removals,
            BkReporter *reporter,
            GError **error)
{
  for (guint i = 0; i < removals->len; i++)
    {
      const BkBackup *backup = g_ptr_array_index (removals, i);

      if (!bk_backup_remove (repository, backup, error))
        return FALSE;

      g_autofree char *size = bk_size_text (backup->size_bytes);
      bk_reporter_message (reporter, BK_LOG_INFO, backup->project_id, backup->id, "backup.delete",
                           "“%s” was deleted: %s freed", backup->id, size);
    }
  return TRUE;
}

/**
 * bk_backup_delete_recover:
 *
 * Finishes removals of backups of this project that were interrupted, and says so. The caller holds
 * the project's lock.
 */
gboolean
bk_backup_delete_recover (BkRepository *repository,
                          const char *project_id,
                          BkReporter *reporter,
                          GError **error)
{
  g_autoptr (GPtrArray) ids = bk_backup_remove_leftovers (repository, project_id, error);

  for (guint i = 0; ids != NULL && i < ids->len; i++)
    {
      const char *id = g_ptr_array_index (ids, i);

      bk_reporter_message (reporter, BK_LOG_WARNING, project_id, id, "recover",
                           "The removal of “%s” was interrupted: it is finished now", id);
    }
  return ids != NULL;
}

/* Before the backup is looked for: one whose removal was interrupted is not there any more. */
static gboolean
finish_interrupted (BkRepository *repository,
                    const char *full_id,
                    const char *job_id,
                    BkReporter *reporter,
                    GError **error)
{
  g_autofree char *project_id = NULL;
  g_autofree char *id = NULL;
  BkProjectKind kind;

  if (!bk_backup_full_id_split (full_id, &project_id, &id, &kind, error))
    return FALSE;
  if (!bk_backup_remove_has_leftovers (repository, project_id))
    return TRUE;

  g_autoptr (BkLock) lock = bk_repository_lock_project (repository, project_id, job_id, error);
  return lock != NULL && bk_backup_delete_recover (repository, project_id, reporter, error);
}

/**
 * bk_backup_delete:
 * @full_id: hostile until checked
 * @confirm: (nullable): what the person typed; the backup's id when it is protected
 * @with_dependents: whether what cannot be restored without it goes too
 * @job_id: who holds the project while it runs
 *
 * Errors: %BK_ERROR_NOT_FOUND; %BK_ERROR_BUSY names what depends on it, or the job that works on
 *   the project; %BK_ERROR_INTEGRITY names a record that cannot be read, of what may depend on it;
 *   %BK_ERROR_DENIED for a protected one that was not confirmed. Nothing is removed
 *   then.
 *
 * Returns: (transfer full) (nullable) (element-type BkBackup): what was deleted.
 */
GPtrArray *
bk_backup_delete (BkRepository *repository,
                  const char *full_id,
                  const char *confirm,
                  gboolean with_dependents,
                  const char *job_id,
                  BkReporter *reporter,
                  GError **error)
{
  if (!finish_interrupted (repository, full_id, job_id, reporter, error))
    return NULL;

  g_autoptr (BkBackup) named = bk_catalogue_find (repository, full_id, error);
  if (named == NULL)
    return NULL;

  g_autoptr (BkLock) lock =
      bk_repository_lock_project (repository, named->project_id, job_id, error);
  /* Again, now that nobody else changes it. */
  g_autoptr (BkBackup) backup =
      lock == NULL ? NULL : bk_catalogue_find (repository, full_id, error);
  g_autoptr (GPtrArray) removals = backup == NULL || !check_confirmed (backup, confirm, error)
                                       ? NULL
                                       : find_removals (repository, backup, with_dependents, error);
  if (removals == NULL || !check_removals (repository, removals, confirm, error) ||
      !remove_all (repository, removals, reporter, error))
    return NULL;
  return g_steal_pointer (&removals);
}

void
bk_backup_delete_plan_clear (BkBackupDeletePlan *plan)
{
  g_clear_pointer (&plan->removals, g_ptr_array_unref);
  g_clear_pointer (&plan->cycle_vm, g_free);
  g_clear_pointer (&plan->job_id, g_free);
}

/**
 * bk_backup_delete_plan:
 * @plan: (out): clear it with bk_backup_delete_plan_clear()
 *
 * What a deletion would take along, and what it asks for. Looks only, and takes no lock.
 */
gboolean
bk_backup_delete_plan (BkRepository *repository,
                       const char *full_id,
                       BkBackupDeletePlan *plan,
                       GError **error)
{
  g_autoptr (BkBackup) backup = bk_catalogue_find (repository, full_id, error);
  g_autoptr (BkCycle) cycle = NULL;

  memset (plan, 0, sizeof *plan);
  plan->removals = backup == NULL ? NULL : find_removals (repository, backup, TRUE, error);
  if (plan->removals == NULL || !load_cycle (repository, backup, &cycle, error))
    return FALSE;

  autofd int project = bk_repository_open_project (repository, backup->project_id, error);
  if (project < 0)
    return FALSE;
  plan->job_id = bk_lock_dup_holder (project, BK_PROJECT_LOCK_NAME);
  plan->asks_for_name = bk_retention_is_protected (backup);
  for (guint i = 0; i < plan->removals->len; i++)
    {
      const BkBackup *removal = g_ptr_array_index (plan->removals, i);

      plan->size_bytes += removal->size_bytes;
      if (plan->cycle_vm == NULL && is_in_cycle (cycle, removal))
        plan->cycle_vm = g_strdup (cycle->vm);
    }
  return TRUE;
}
