#include "ops/tree/prune.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "ops/tree/backup.h"
#include "ops/tree/chain.h"
#include "ops/tree/clean.h"

#include <string.h>

static void
add_backups_of (GPtrArray *removed, const BkTreeChain *chain, char **generations)
{
  for (guint i = 0; i < chain->backups->len; i++)
    {
      const BkBackup *backup = g_ptr_array_index (chain->backups, i);

      if (g_strv_contains ((const char *const *) generations, bk_tree_backup_generation (backup)))
        g_ptr_array_add (removed, bk_backup_copy (backup));
    }
}

/* What is left must be good before anything goes. */
static gboolean
verify_newest (int project, const BkTreeChain *chain, GCancellable *cancellable, GError **error)
{
  if (chain->state != BK_CHAIN_GOOD)
    {
      bk_set_error (error, BK_ERROR_INTEGRITY,
                    "Its newest generation is damaged: no older one is removed. The next backup "
                    "begins a new one");
      return FALSE;
    }

  autofd int dirfd = bk_open_directory_at (project, bk_tree_backup_generation (chain->full), error);
  return dirfd >= 0 && bk_tree_verify_backup (dirfd, chain->full, cancellable, error);
}

static gboolean
prune_one (BkRepository *repository,
           const char *project_id,
           guint max_count,
           gboolean is_plan,
           const char *job_id,
           GPtrArray *removed,
           GCancellable *cancellable,
           GError **error)
{
  autofd int project = bk_repository_open_project (repository, project_id, error);
  g_autoptr (BkLock) lock = NULL;

  if (project < 0)
    return FALSE;
  if (!is_plan)
    {
      lock = bk_repository_lock_project (repository, project_id, job_id, error);
      if (lock == NULL || !bk_tree_remove_leftovers (project, error))
        return FALSE;
    }

  g_autoptr (BkTreeChain) chain = bk_tree_chain_observe (repository, project, project_id, error);
  g_auto (GStrv) due =
      chain == NULL ? NULL : bk_tree_rotate (project, chain, max_count, TRUE, error);
  if (due == NULL)
    return FALSE;
  if (due[0] == NULL)
    return TRUE;
  if (!is_plan)
    {
      if (!verify_newest (project, chain, cancellable, error))
        return FALSE;
      g_auto (GStrv) gone = bk_tree_rotate (project, chain, max_count, FALSE, error);
      if (gone == NULL)
        return FALSE;
    }
  add_backups_of (removed, chain, due);
  return TRUE;
}

/**
 * bk_tree_prune:
 * @is_plan: remove nothing
 * @failed_count: (out): trees that could not be looked after; the log says why
 *
 * Removes the generations past the number their storage keeps, as a backup does after a full: for
 * a number that was made smaller, and after a rotation that was interrupted or held back.
 *
 * Returns: (transfer full) (element-type BkBackup) (nullable): what was, or would be, removed.
 */
GPtrArray *
bk_tree_prune (BkRepository *repository,
               const BkTreeSettings *trees,
               gboolean is_plan,
               const char *job_id,
               BkReporter *reporter,
               guint *failed_count,
               GCancellable *cancellable,
               GError **error)
{
  g_autoptr (GPtrArray) removed = g_ptr_array_new_with_free_func ((GDestroyNotify) bk_backup_free);

  *failed_count = 0;
  for (guint i = 0; i < trees->tasks->len; i++)
    {
      const BkTreeTask *task = g_ptr_array_index (trees->tasks, i);
      const BkTreeStorage *storage = bk_tree_settings_find_storage (trees, task->storage);
      g_autofree char *project_id = bk_tree_project_id (task);
      g_autoptr (GError) local = NULL;
      guint before = removed->len;

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;
      if (!prune_one (repository, project_id, storage->max_count, is_plan, job_id, removed,
                      cancellable, &local) &&
          !g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND))
        {
          ++*failed_count;
          bk_reporter_message (reporter, BK_LOG_WARNING, project_id, NULL, "prune", "%s",
                               local->message);
        }
      for (guint j = before; !is_plan && j < removed->len; j++)
        {
          const BkBackup *backup = g_ptr_array_index (removed, j);

          bk_reporter_message (reporter, BK_LOG_INFO, project_id, backup->id, "prune",
                               "“%s” was removed with its generation “%s”", backup->id,
                               bk_tree_backup_generation (backup));
        }
    }
  return g_steal_pointer (&removed);
}
