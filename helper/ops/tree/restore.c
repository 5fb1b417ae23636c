#include "ops/tree/restore.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "base/path.h"
#include "base/quantity.h"
#include "model/tree-entry.h"
#include "ops/tree/open.h"
#include "store/tree/reconcile.h"
#include "store/tree/target.h"

#include <string.h>

/* So many single warnings are told; more of the same are only counted. */
#define WARNINGS_TOLD_MAX 100

typedef struct
{
  const BkTreeRestoreRequest *request;
  BkReporter *reporter;
  BkTreeRestoreOutcome *outcome;
  const char *backup_id;
  guint64 size_bytes;
  guint64 told_count;
} Telling;

void
bk_tree_restore_outcome_clear (BkTreeRestoreOutcome *outcome)
{
  g_clear_pointer (&outcome->backup, bk_backup_free);
  g_clear_pointer (&outcome->generation, g_free);
  bk_tree_extract_plan_clear (&outcome->plan);
}

static BkTreePoint *
open_point (BkRepository *repository,
            const BkTreeRestoreRequest *request,
            BkTreeRestoreOutcome *outcome,
            GCancellable *cancellable,
            GError **error)
{
  const BkTreeWhich which = { request->project_id, request->backup_id, request->generation,
                              request->not_after_usecs };

  memset (outcome, 0, sizeof *outcome);
  BkTreePoint *point = bk_tree_open_point (repository, &which, cancellable, error);
  if (point == NULL)
    return NULL;
  outcome->backup = bk_backup_copy (bk_tree_point_get_backup (point));
  outcome->generation = g_strdup (bk_tree_point_get_generation (point));
  return point;
}

static gboolean
plan_selection (BkTreePoint *point,
                const BkTreeSelection *selection,
                BkTreeRestoreOutcome *outcome,
                GCancellable *cancellable,
                GError **error)
{
  if (!bk_tree_extract_plan (point, selection, &outcome->plan, cancellable, error))
    return FALSE;
  if (outcome->plan.entries_count > 0 || selection->path == NULL)
    return TRUE;

  g_autofree char *line = bk_error_one_line (selection->path);
  bk_set_error (error, BK_ERROR_NOT_FOUND,
                "“/%s” is not in the backup “%s”; --list-only shows what is", line,
                outcome->backup->id);
  return FALSE;
}

static gboolean
check_request (const BkTreeRestoreRequest *request, GError **error)
{
  if (request->target == NULL)
    {
      bk_set_error (error, BK_ERROR_USAGE,
                    "A restore needs --target DIR, a directory to restore to");
      return FALSE;
    }
  if (request->removes_extra && !request->overwrite)
    {
      bk_set_error (error, BK_ERROR_USAGE,
                    "--delete removes from a target that is not empty: it needs --overwrite "
                    "too");
      return FALSE;
    }
  return TRUE;
}

/* Checks what is asked for and finds out what it takes.
 *
 * @path: (out) (transfer full): of what is selected
 *
 * Returns: (transfer full) (nullable): the point, with @outcome filled in. */
static BkTreePoint *
open_planned (BkRepository *repository,
              const BkTreeRestoreRequest *request,
              char **path,
              BkTreeRestoreOutcome *outcome,
              GCancellable *cancellable,
              GError **error)
{
  memset (outcome, 0, sizeof *outcome);
  if (!check_request (request, error) || !bk_tree_parse_path (request->file, path, error))
    return NULL;

  g_autoptr (BkTreePoint) point = open_point (repository, request, outcome, cancellable, error);
  BkTreeSelection selection = { *path };
  if (point == NULL || !plan_selection (point, &selection, outcome, cancellable, error))
    return NULL;
  return g_steal_pointer (&point);
}

/**
 * bk_tree_restore_plan:
 * @outcome: (out): what bk_tree_restore() would do; bk_tree_restore_outcome_clear() it
 *
 * Reads only: the manifest, and the names in the target.
 */
gboolean
bk_tree_restore_plan (BkRepository *repository,
                      const BkTreeRestoreRequest *request,
                      BkTreeRestoreOutcome *outcome,
                      GCancellable *cancellable,
                      GError **error)
{
  g_autofree char *path = NULL;
  g_autoptr (BkTreePoint) point =
      open_planned (repository, request, &path, outcome, cancellable, error);
  BkTreeSelection selection = { path };

  if (point == NULL)
    return FALSE;

  autofd int target = bk_open_directory (request->target, NULL);
  return target < 0 || bk_tree_reconcile (point, &selection, target, FALSE, &outcome->extra_count,
                                          cancellable, error);
}

static void
tell (Telling *telling, const char *message)
{
  telling->outcome->warnings_count++;
  if (++telling->told_count <= WARNINGS_TOLD_MAX)
    bk_reporter_message (telling->reporter, BK_LOG_WARNING, telling->request->project_id,
                         telling->backup_id, "tree.restore", "%s", message);
}

static void
on_warning (const char *path, const char *message, gpointer user_data)
{
  tell (user_data, message);
}

static void
on_failed (const char *path, const GError *error, gpointer user_data)
{
  g_autofree char *line = bk_error_one_line (path);
  g_autofree char *message =
      g_strdup_printf (_ ("“%s” was not restored: %s"), line, error->message);

  tell (user_data, message);
}

static void
on_progress (guint64 done_count, guint64 written_bytes, gpointer user_data)
{
  Telling *telling = user_data;

  bk_reporter_progress (telling->reporter,
                        &(BkProgress){ .project_id = telling->request->project_id,
                                       .step = "tree.restore",
                                       .done_bytes = written_bytes,
                                       .total_bytes = telling->size_bytes });
}

static gboolean
restore_into (BkTreePoint *point,
              const BkTreeSelection *selection,
              BkTreeTarget *target,
              Telling *telling,
              GCancellable *cancellable,
              GError **error)
{
  BkTreeRestoreOutcome *outcome = telling->outcome;
  const BkTreeExtractWatch watch = { on_failed, on_progress, telling };
  int fd = bk_tree_target_get_fd (target);

  if (telling->request->removes_extra)
    {
      if (!bk_tree_reconcile (point, selection, fd, FALSE, &outcome->extra_count, cancellable,
                              error))
        return FALSE;
      bk_reporter_message (
          telling->reporter, BK_LOG_INFO, telling->request->project_id, telling->backup_id,
          "tree.restore",
          bk_ngettext ("%s entry of “%s” is not in the backup and will be removed",
                       "%s entries of “%s” are not in the backup and will be removed",
                       outcome->extra_count),
          BK_NUMBER (outcome->extra_count), telling->request->target);
    }
  if (!bk_tree_extract (point, selection, &outcome->plan, target, &watch, &outcome->extracted,
                        cancellable, error))
    return FALSE;
  /* What could not be restored is perhaps only left in the target: nothing is removed then. */
  if (telling->request->removes_extra && outcome->extracted.failed_count == 0 &&
      !bk_tree_reconcile (point, selection, fd, TRUE, &outcome->removed_count, cancellable, error))
    return FALSE;
  return bk_tree_target_finish (target, cancellable, error);
}

static gboolean
conclude (const BkTreeRestoreRequest *request,
          const BkTreeRestoreOutcome *outcome,
          BkReporter *reporter,
          GError **error)
{
  if (outcome->extracted.failed_count > 0)
    {
      bk_set_error (
          error, BK_ERROR_INTEGRITY,
          bk_ngettext (
              "%s of %s entry of “%s” was not restored to “%s”; the log says which and why",
              "%s of %s entries of “%s” were not restored to “%s”; the log says which and why",
              outcome->plan.entries_count),
          BK_NUMBER (outcome->extracted.failed_count), BK_NUMBER (outcome->plan.entries_count),
          outcome->backup->id, request->target);
      return FALSE;
    }
  bk_reporter_message (
      reporter, BK_LOG_INFO, request->project_id, outcome->backup->id, "tree.restore",
      bk_ngettext ("%s entry was restored to “%s”", "%s entries were restored to “%s”",
                   outcome->extracted.done_count),
      BK_NUMBER (outcome->extracted.done_count), request->target);
  return TRUE;
}

/**
 * bk_tree_restore:
 * @outcome: (out): what was done; bk_tree_restore_outcome_clear() it
 *
 * Restores what @request asks for. At every instant each name in the target is the old thing or
 * the new one, whole; a restore that was interrupted goes on when it is asked for again.
 *
 * Errors: %BK_ERROR_NOT_FOUND without such a point or file; %BK_ERROR_USAGE for a target that is
 *   not empty; %BK_ERROR_INTEGRITY when some entries could not be restored: all others are.
 */
gboolean
bk_tree_restore (BkRepository *repository,
                 const BkTreeRestoreRequest *request,
                 BkReporter *reporter,
                 BkTreeRestoreOutcome *outcome,
                 GCancellable *cancellable,
                 GError **error)
{
  gint64 started_usecs = g_get_monotonic_time ();
  g_autofree char *path = NULL;
  g_autoptr (BkTreePoint) point =
      open_planned (repository, request, &path, outcome, cancellable, error);
  BkTreeSelection selection = { path };

  if (point == NULL)
    return FALSE;

  Telling telling = { .request = request,
                      .reporter = reporter,
                      .outcome = outcome,
                      .backup_id = outcome->backup->id,
                      .size_bytes = outcome->plan.size_bytes };
  g_autofree char *full_id = bk_backup_full_id (outcome->backup);
  g_autofree char *restore_id = g_strconcat (full_id, "\n", path, NULL);
  BkTreeTargetFlags flags = (request->overwrite ? BK_TREE_TARGET_OVERWRITE : BK_TREE_TARGET_NONE) |
                            (request->removes_extra ? BK_TREE_TARGET_DELETE : BK_TREE_TARGET_NONE);
  g_autoptr (BkTreeTarget) target =
      bk_tree_target_new (request->target, restore_id, flags, on_warning, &telling, error);
  if (target == NULL || !restore_into (point, &selection, target, &telling, cancellable, error))
    return FALSE;
  outcome->duration_usecs = g_get_monotonic_time () - started_usecs;
  return conclude (request, outcome, reporter, error);
}

/**
 * bk_tree_restore_list:
 * @func: told of each entry that is meant, in order
 *
 * Reads the manifest alone; no archive is touched.
 */
gboolean
bk_tree_restore_list (BkRepository *repository,
                      const BkTreeRestoreRequest *request,
                      BkTreeListFunc func,
                      gpointer user_data,
                      BkTreeRestoreOutcome *outcome,
                      GCancellable *cancellable,
                      GError **error)
{
  g_autofree char *path = NULL;
  const BkTreeEntry *entry;

  memset (outcome, 0, sizeof *outcome);
  if (!bk_tree_parse_path (request->file, &path, error))
    return FALSE;

  g_autoptr (BkTreePoint) point = open_point (repository, request, outcome, cancellable, error);
  g_autoptr (BkNbkmReader) manifest =
      point == NULL ? NULL : bk_tree_point_read_manifest (point, error);
  BkTreeSelection selection = { path };
  if (manifest == NULL)
    return FALSE;
  while (TRUE)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error) ||
          !bk_nbkm_reader_next (manifest, &entry, error))
        return FALSE;
      if (entry == NULL || bk_tree_selection_is_past (&selection, entry->path))
        return TRUE;
      if (!bk_tree_selection_has (&selection, entry->path))
        continue;
      outcome->plan.entries_count++;
      outcome->plan.counts[entry->origin]++;
      if ((entry->mode & BK_TREE_MODE_TYPE) == 0)
        {
          outcome->plan.files_count++;
          outcome->plan.size_bytes += (guint64) entry->size_bytes;
        }
      if (!func (entry, bk_tree_point_get_archive_name (point, entry->origin), user_data, error))
        return FALSE;
    }
}
