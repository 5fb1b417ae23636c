#include "api/operations/keep.h"

#include "api/operations/tree.h"
#include "api/views/backup.h"
#include "base/error.h"
#include "base/gettext.h"
#include "format/json.h"
#include "format/metadata.h"
#include "model/project.h"
#include "ops/backup/delete.h"
#include "ops/backup/pin.h"
#include "ops/backup/prune.h"
#include "ops/tree/prune.h"
#include "store/repository/catalogue.h"

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
