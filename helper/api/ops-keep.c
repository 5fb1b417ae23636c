#include "api/ops-keep.h"

#include "api/ops-tree.h"
#include "api/view-backup.h"
#include "base/error.h"
#include "base/gettext.h"
#include "format/json.h"
#include "format/metadata.h"
#include "model/project.h"
#include "ops/backup-delete.h"
#include "ops/backup-pin.h"
#include "ops/backup-verify.h"
#include "ops/prune.h"
#include "ops/tree-prune.h"
#include "store/catalogue.h"

#include <string.h>

static BkRepository *
open_repository (const BkCall *call, GError **error)
{
  return bk_repository_open (call->settings->repository_dir, error);
}

static const char *
job_id (const BkCall *call)
{
  return call->job_id == NULL ? "" : call->job_id;
}

static gboolean
add_backup (BkRepository *repository, const char *full_id, GPtrArray *backups, GError **error)
{
  BkBackup *backup = bk_catalogue_find (repository, full_id, error);

  if (backup != NULL)
    g_ptr_array_add (backups, backup);
  return backup != NULL;
}

static gboolean
add_project (BkRepository *repository, const char *project_id, GPtrArray *backups, GError **error)
{
  g_autoptr (GPtrArray) all = bk_catalogue_list (repository, project_id, NULL, NULL, NULL, error);

  for (guint i = 0; all != NULL && i < all->len; i++)
    {
      const BkBackup *backup = g_ptr_array_index (all, i);

      if (backup->status == BK_BACKUP_COMPLETED)
        g_ptr_array_add (backups, bk_backup_copy (backup));
    }
  return all != NULL;
}

/* An id is a backup's or a whole project's; none, with `all`, is the repository. */
static GPtrArray *
find_backups (const BkCall *call, BkRepository *repository, GError **error)
{
  g_autoptr (GPtrArray) backups = g_ptr_array_new_with_free_func ((GDestroyNotify) bk_backup_free);
  g_auto (GStrv) ids = bk_call_strings (call, "ids");
  gboolean all = bk_call_bool (call, "all", FALSE);

  if (all == (*ids != NULL))
    {
      bk_set_error (error, BK_ERROR_USAGE, "Name the backups or projects to verify, or say --all");
      return NULL;
    }
  if (all && !add_project (repository, NULL, backups, error))
    return NULL;
  for (char **id = ids; *id != NULL; id++)
    {
      BkProjectKind kind;
      gboolean project = bk_project_id_parse (*id, &kind, NULL);

      if (project ? !add_project (repository, *id, backups, error)
                  : !add_backup (repository, *id, backups, error))
        return NULL;
    }
  return g_steal_pointer (&backups);
}

static JsonNode *
view_verified (const BkBackup *backup, const GError *failure)
{
  JsonObject *object = json_object_new ();
  g_autofree char *full_id = bk_backup_full_id (backup);

  json_object_set_string_member (object, "id", full_id);
  json_object_set_boolean_member (object, "whole", failure == NULL);
  bk_json_set_string_or_null (object, "message", failure == NULL ? NULL : failure->message);
  return bk_json_object_node (object);
}

static gboolean
finish_verify (guint verified_count,
               guint broken_count,
               GError *first,
               BkSink *sink,
               GCancellable *cancellable,
               GError **error)
{
  JsonObject *result = json_object_new ();

  json_object_set_int_member (result, "verified_count", verified_count);
  json_object_set_int_member (result, "broken_count", broken_count);
  if (!bk_sink_emit (sink, BK_SINK_RESULT, bk_json_object_node (result), cancellable, error))
    {
      g_clear_error (&first);
      return FALSE;
    }
  if (first == NULL)
    return TRUE;
  if (broken_count > 1)
    bk_prefix_error (&first, "%u backups are broken; the first: ", broken_count);
  g_propagate_error (error, first);
  return FALSE;
}

static gboolean
run_verify (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  g_autoptr (BkRepository) repository = open_repository (call, error);
  g_autoptr (GPtrArray) backups =
      repository == NULL ? NULL : find_backups (call, repository, error);
  g_autoptr (GHashTable) verified = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GError *first = NULL;
  guint broken_count = 0;

  if (backups == NULL)
    return FALSE;
  for (guint i = 0; i < backups->len; i++)
    {
      const BkBackup *backup = g_ptr_array_index (backups, i);
      g_autoptr (GError) failure = NULL;

      if (!bk_backup_verify (repository, backup, TRUE, verified, call->reporter, cancellable,
                             &failure))
        {
          broken_count++;
          if (!g_error_matches (failure, BK_ERROR, BK_ERROR_INTEGRITY))
            {
              g_clear_error (&first);
              g_propagate_error (error, g_steal_pointer (&failure));
              return FALSE;
            }
          bk_reporter_message (call->reporter, BK_LOG_ERROR, backup->project_id, backup->id,
                               "verify", "%s", failure->message);
          if (first == NULL)
            first = g_error_copy (failure);
        }
      if (!bk_sink_emit (sink, BK_SINK_ITEM, view_verified (backup, failure), cancellable, error))
        {
          g_clear_error (&first);
          return FALSE;
        }
    }
  return finish_verify (backups->len, broken_count, first, sink, cancellable, error);
}

static gboolean
run_pin (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  g_autoptr (BkRepository) repository = open_repository (call, error);
  g_autoptr (BkBackup) pinned =
      repository == NULL
          ? NULL
          : bk_backup_pin (repository, bk_call_string (call, "id"), bk_call_string (call, "label"),
                           job_id (call), call->reporter, cancellable, error);

  return pinned != NULL && bk_sink_emit (sink, BK_SINK_RESULT, bk_metadata_to_json (pinned, FALSE),
                                         cancellable, error);
}

static gboolean
run_delete (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  g_autoptr (BkRepository) repository = open_repository (call, error);
  const char *id = bk_call_string (call, "id");

  if (repository == NULL)
    return FALSE;
  if (bk_call_bool (call, "plan", FALSE))
    {
      g_auto (BkBackupDeletePlan) plan = { 0 };

      return bk_backup_delete_plan (repository, id, &plan, error) &&
             bk_sink_emit (sink, BK_SINK_RESULT, bk_view_delete_plan (id, &plan), cancellable,
                           error);
    }

  g_autoptr (GPtrArray) deleted = bk_backup_delete (
      repository, id, bk_call_string (call, "confirm"),
      bk_call_bool (call, "with_dependents", FALSE), job_id (call), call->reporter, error);
  return deleted != NULL &&
         bk_sink_emit (sink, BK_SINK_RESULT, bk_view_deleted (id, deleted), cancellable, error);
}

static gboolean
emit_prune (const BkPrune *prune, BkSink *sink, GCancellable *cancellable, GError **error)
{
  for (guint i = 0; i < prune->backups->len; i++)
    {
      const BkBackup *backup = g_ptr_array_index (prune->backups, i);

      if (!bk_sink_emit (sink, BK_SINK_ITEM, bk_metadata_to_json (backup, FALSE), cancellable,
                         error))
        return FALSE;
    }

  JsonObject *result = json_object_new ();
  json_object_set_int_member (result, "count", prune->backups->len);
  json_object_set_int_member (result, "size_bytes", (gint64) prune->size_bytes);
  json_object_set_int_member (result, "warnings_count", prune->failed_count);
  return bk_sink_emit (sink, BK_SINK_RESULT, bk_json_object_node (result), cancellable, error);
}

/* Generations go by number, as their storage says, not by days. */
static gboolean
prune_trees (const BkCall *call,
             BkRepository *repository,
             BkPrune *prune,
             GCancellable *cancellable,
             GError **error)
{
  g_autoptr (BkTreeSettings) trees = bk_call_load_trees (call, error);
  guint failed_count;
  g_autoptr (GPtrArray) removed =
      trees == NULL
          ? NULL
          : bk_tree_prune (repository, trees, bk_call_bool (call, "plan", FALSE), job_id (call),
                           call->reporter, &failed_count, cancellable, error);

  if (removed == NULL)
    return FALSE;
  prune->failed_count += failed_count;
  for (guint i = 0; i < removed->len; i++)
    {
      const BkBackup *backup = g_ptr_array_index (removed, i);

      g_ptr_array_add (prune->backups, bk_backup_copy (backup));
      prune->size_bytes += backup->size_bytes;
    }
  return TRUE;
}

static gboolean
run_prune (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  g_autoptr (BkRepository) repository = open_repository (call, error);
  guint days = (guint) bk_call_int (call, "days", call->settings->retention_days);
  gboolean is_plan = bk_call_bool (call, "plan", FALSE);
  g_auto (BkPrune) prune = { 0 };

  if (repository == NULL ||
      !bk_prune_plan (repository, days, g_get_real_time (), &prune, cancellable, error))
    return FALSE;
  if (!is_plan &&
      !bk_prune_execute (repository, &prune, job_id (call), call->reporter, cancellable, error))
    return FALSE;
  return prune_trees (call, repository, &prune, cancellable, error) &&
         emit_prune (&prune, sink, cancellable, error);
}

static const BkParam verify_params[] = {
  { "ids", BK_PARAM_STRINGS, BK_PARAM_POSITIONAL, N_ ("backups, or whole projects (vm/web1)") },
  { "all", BK_PARAM_BOOL, BK_PARAM_OPTIONAL, N_ ("everything in the repository") },
  { NULL },
};

static const BkParam pin_params[] = {
  { "id", BK_PARAM_STRING, BK_PARAM_REQUIRED | BK_PARAM_POSITIONAL, N_ ("the backup") },
  { "label", BK_PARAM_STRING, BK_PARAM_REQUIRED | BK_PARAM_POSITIONAL,
    N_ ("what it is kept for, in your words") },
  { NULL },
};

static const BkParam delete_params[] = {
  { "id", BK_PARAM_STRING, BK_PARAM_REQUIRED | BK_PARAM_POSITIONAL, N_ ("the backup") },
  { "confirm", BK_PARAM_STRING, BK_PARAM_OPTIONAL,
    N_ ("its name again, for a Full-Merged or a pinned one") },
  { "with_dependents", BK_PARAM_BOOL, BK_PARAM_OPTIONAL,
    N_ ("and those that cannot be restored without it") },
  { "plan", BK_PARAM_BOOL, BK_PARAM_OPTIONAL, N_ ("do nothing, say what would be done") },
  { NULL },
};

static const BkParam prune_params[] = {
  { "days", BK_PARAM_INT, BK_PARAM_OPTIONAL,
    N_ ("how long standalone copies are kept; 0 keeps them"), 0, 36500 },
  { "plan", BK_PARAM_BOOL, BK_PARAM_OPTIONAL, N_ ("show what would go, and remove nothing") },
  { NULL },
};

const BkOperation bk_operation_backup_verify = {
  .name = "backup.verify",
  .command = "verify",
  .summary = N_ ("Read backups again and compare them with what was recorded"),
  .flags = BK_OPERATION_JOB,
  .params = verify_params,
  .run = run_verify,
};

const BkOperation bk_operation_backup_pin = {
  .name = "backup.pin",
  .command = "pin",
  .summary = N_ ("Keep a backup for good, under a label"),
  .flags = BK_OPERATION_JOB,
  .params = pin_params,
  .run = run_pin,
  .projects = bk_call_project_of_id,
};

const BkOperation bk_operation_backup_delete = {
  .name = "backup.delete",
  .command = "delete",
  .summary = N_ ("Delete one backup"),
  .flags = BK_OPERATION_JOB,
  .params = delete_params,
  .run = run_delete,
  .projects = bk_call_project_of_id,
};

const BkOperation bk_operation_prune = {
  .name = "prune",
  .command = "prune",
  .summary = N_ (
      "Remove standalone copies past their time, generations past their number, and what failed "
      "runs left"),
  .flags = BK_OPERATION_JOB,
  .params = prune_params,
  .run = run_prune,
};
