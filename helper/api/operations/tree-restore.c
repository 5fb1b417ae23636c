#include "api/operations/tree-restore.h"

#include "api/operations/tree-browse.h"
#include "api/views/tree.h"
#include "base/error.h"
#include "base/gettext.h"
#include "base/timestamp.h"
#include "format/json.h"
#include "model/tree-entry.h"
#include "ops/tree/restore.h"

#include <string.h>

#define DAY_USECS (G_GINT64_CONSTANT (24) * 60 * 60 * 1000000)

/* A date means the whole of that day, in UTC as all times here. */
static gint64
parse_date (const char *text)
{
  if (text == NULL)
    return G_MAXINT64;

  gint64 usecs = bk_time_from_iso (text);
  if (usecs != BK_TIME_INVALID)
    return usecs;
  g_autofree char *midnight = g_strdup_printf ("%sT00:00:00.000Z", text);
  return bk_time_from_iso (midnight) + DAY_USECS - 1;
}

/* @file: (nullable): borrowed by what is returned */
static BkTreeRestoreRequest
request_of (const BkCall *call, const char *file)
{
  return (BkTreeRestoreRequest){
    .project_id = bk_call_string (call, "project"),
    .backup_id = bk_call_string (call, "backup"),
    .generation = bk_call_string (call, "generation"),
    .not_after_usecs = parse_date (bk_call_string (call, "date")),
    .file = file,
    .target = bk_call_string (call, "target"),
    .overwrite = bk_call_bool (call, "overwrite", FALSE),
    .removes_extra = bk_call_bool (call, "delete", FALSE),
  };
}

static JsonObject *
view_of (const BkTreeRestoreRequest *request, const BkTreeRestoreOutcome *outcome)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "project_id", request->project_id);
  json_object_set_string_member (object, "backup_id", outcome->backup->id);
  json_object_set_string_member (object, "generation", outcome->generation);
  bk_json_set_time_or_null (object, "created_at", outcome->backup->created_usecs);
  bk_json_set_string_or_null (object, "target", request->target);
  json_object_set_int_member (object, "entries_count", (gint64) outcome->plan.entries_count);
  json_object_set_int_member (object, "files_count", (gint64) outcome->plan.files_count);
  json_object_set_int_member (object, "size_bytes", (gint64) outcome->plan.size_bytes);
  return object;
}

/* ---- --list-only ---- */

typedef struct
{
  BkSink *sink;
  GCancellable *cancellable;
} Listing;

static gboolean
emit_entry (const BkTreeEntry *entry, const char *archive_name, gpointer user_data, GError **error)
{
  const Listing *listing = user_data;
  JsonObject *object = json_object_new ();
  g_autofree char *path = g_strconcat ("/", entry->path, NULL);

  bk_view_set_tree_path (object, path);
  g_autofree char *mode = g_strdup_printf ("%06o", bk_tree_mode_to_stat (entry->mode));
  json_object_set_string_member (object, "mode", mode);
  json_object_set_int_member (object, "size_bytes", entry->size_bytes);
  bk_json_set_time_or_null (object, "mtime", entry->mtime_nsec / 1000);
  json_object_set_int_member (object, "origin", entry->origin);
  json_object_set_string_member (object, "archive", archive_name);
  return bk_sink_emit (listing->sink, BK_SINK_ITEM, bk_json_object_node (object),
                       listing->cancellable, error);
}

static gboolean
run_list (BkRepository *repository,
          const BkTreeRestoreRequest *request,
          BkSink *sink,
          GCancellable *cancellable,
          GError **error)
{
  Listing listing = { sink, cancellable };
  g_auto (BkTreeRestoreOutcome) outcome = { 0 };

  return bk_tree_restore_list (repository, request, emit_entry, &listing, &outcome, cancellable,
                               error) &&
         bk_sink_emit (sink, BK_SINK_RESULT, bk_json_object_node (view_of (request, &outcome)),
                       cancellable, error);
}

/* ---- restoring ---- */

static gboolean
run_plan (BkRepository *repository,
          const BkTreeRestoreRequest *request,
          BkSink *sink,
          GCancellable *cancellable,
          GError **error)
{
  g_auto (BkTreeRestoreOutcome) outcome = { 0 };

  if (!bk_tree_restore_plan (repository, request, &outcome, cancellable, error))
    return FALSE;

  JsonObject *object = view_of (request, &outcome);
  json_object_set_boolean_member (object, "plan", TRUE);
  json_object_set_int_member (object, "extra_count", (gint64) outcome.extra_count);
  json_object_set_int_member (object, "would_remove_count",
                              request->removes_extra ? (gint64) outcome.extra_count : 0);
  return bk_sink_emit (sink, BK_SINK_RESULT, bk_json_object_node (object), cancellable, error);
}

static gboolean
run_restore (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) wrong = NULL;
  g_autofree char *file = bk_call_path (call, "file", "file_base64", &wrong);
  BkTreeRestoreRequest request = request_of (call, file);

  if (wrong != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&wrong));
      return FALSE;
    }
  g_autoptr (BkRepository) repository = bk_repository_open (call->settings->repository_dir, error);
  g_auto (BkTreeRestoreOutcome) outcome = { 0 };

  if (repository == NULL)
    return FALSE;
  if (bk_call_bool (call, "list_only", FALSE))
    return run_list (repository, &request, sink, cancellable, error);
  if (bk_call_bool (call, "plan", FALSE))
    return run_plan (repository, &request, sink, cancellable, error);
  if (!bk_tree_restore (repository, &request, call->reporter, &outcome, cancellable, error))
    return FALSE;

  JsonObject *object = view_of (&request, &outcome);
  json_object_set_int_member (object, "restored_count", (gint64) outcome.extracted.done_count);
  json_object_set_int_member (object, "removed_count", (gint64) outcome.removed_count);
  json_object_set_int_member (object, "written_bytes", (gint64) outcome.extracted.written_bytes);
  json_object_set_int_member (object, "read_bytes", (gint64) outcome.extracted.read_bytes);
  json_object_set_double_member (object, "seconds",
                                 (double) (outcome.duration_usecs / 1000) / 1000);
  json_object_set_int_member (object, "warnings_count", (gint64) outcome.warnings_count);
  return bk_sink_emit (sink, BK_SINK_RESULT, bk_json_object_node (object), cancellable, error);
}

static GStrv
restore_projects (const BkCall *call)
{
  g_autoptr (GStrvBuilder) ids = g_strv_builder_new ();

  g_strv_builder_add (ids, bk_call_string (call, "project"));
  return g_strv_builder_end (ids);
}

static const BkParam params[] = {
  { "project", BK_PARAM_STRING, BK_PARAM_REQUIRED | BK_PARAM_POSITIONAL,
    N_ ("the tree, for instance tree/host1/databases") },
  { "backup", BK_PARAM_STRING, BK_PARAM_OPTIONAL,
    N_ ("just this point, for instance 2026-11-20T02-00-00") },
  { "generation", BK_PARAM_STRING, BK_PARAM_OPTIONAL,
    N_ ("only from this generation, for instance gen-2026-11-20") },
  { "date", BK_PARAM_TIME, BK_PARAM_OPTIONAL,
    N_ ("the newest point that is not after this date or time (UTC)") },
  { "file", BK_PARAM_STRING, BK_PARAM_OPTIONAL,
    N_ ("one file, or one directory with all below it: its path at the source") },
  { "file_base64", BK_PARAM_STRING, BK_PARAM_OPTIONAL,
    N_ ("the same, in base64: for a path that is no UTF-8") },
  { "target", BK_PARAM_STRING, BK_PARAM_OPTIONAL,
    N_ ("the directory to restore to; paths start from it") },
  { "list_only", BK_PARAM_BOOL, BK_PARAM_OPTIONAL,
    N_ ("restore nothing, list what is in the backup") },
  { "overwrite", BK_PARAM_BOOL, BK_PARAM_OPTIONAL,
    N_ ("restore into a target that is not empty, and replace what is there") },
  { "delete", BK_PARAM_BOOL, BK_PARAM_OPTIONAL,
    N_ ("with --overwrite: remove what the backup does not have; --plan says how much") },
  { "plan", BK_PARAM_BOOL, BK_PARAM_OPTIONAL, N_ ("do nothing, say what would be done") },
  { NULL },
};

const BkOperation bk_operation_tree_restore = {
  .name = "tree.restore",
  .command = "tree restore",
  .summary = N_ ("Restore a tree, a directory of it or one file, or list what is in it"),
  .flags = BK_OPERATION_JOB,
  .params = params,
  .run = run_restore,
  .projects = restore_projects,
};
