#include "api/operations/event-log.h"

#include "base/gettext.h"
#include "format/json.h"
#include "model/project.h"
#include "ops/event-log/backup.h"
#include "ops/event-log/list.h"
#include "ops/event-log/restore.h"
#include "ops/event-log/verify.h"

#define LIST_DEFAULT 200
#define LIST_MAX 100000

static void
add_warning (JsonArray *warnings, const char *code, const char *message)
{
  JsonObject *warning = json_object_new ();

  json_object_set_string_member (warning, "code", code);
  json_object_set_string_member (warning, "message", message);
  json_array_add_object_element (warnings, warning);
}

static JsonNode *
broken_to_json (const BkChainVerdict *verdict)
{
  if (verdict->fault == BK_CHAIN_SOUND)
    return json_node_new (JSON_NODE_NULL);

  JsonObject *broken = json_object_new ();
  json_object_set_string_member (broken, "reason", bk_chain_fault_to_string (verdict->fault));
  json_object_set_int_member (broken, "segment", (gint64) verdict->broken_segment);
  json_object_set_int_member (broken, "index", (gint64) verdict->broken_index);
  bk_json_set_string_or_null (broken, "event_id", verdict->broken_event_id);
  json_object_set_string_member (broken, "message", verdict->message);
  return bk_json_object_node (broken);
}

/* What every result of these operations says about a chain. */
static void
add_verdict (JsonObject *object, const BkChainVerdict *verdict)
{
  g_autofree char *description = bk_chain_verdict_describe (verdict);

  json_object_set_boolean_member (object, "chain_valid", verdict->fault == BK_CHAIN_SOUND);
  json_object_set_string_member (object, "verified_from",
                                 bk_chain_scope_to_string (verdict->scope));
  json_object_set_string_member (object, "description", description);
  json_object_set_int_member (object, "total_events", (gint64) verdict->events_count);
  json_object_set_int_member (object, "verified_events", (gint64) verdict->verified_count);
  json_object_set_int_member (object, "total_segments", (gint64) verdict->segments_count);
  bk_json_set_string_or_null (object, "first_event_id", verdict->first_event_id);
  bk_json_set_string_or_null (object, "last_event_id", verdict->last_event_id);
  bk_json_set_string_or_null (object, "last_current_hash", verdict->last_current_hash);
  json_object_set_boolean_member (object, "snapshot_exists", verdict->snapshot_exists);
  json_object_set_member (object, "broken", broken_to_json (verdict));
}

static void
add_warnings (JsonObject *object, const BkChainVerdict *verdict, gboolean broken_too)
{
  JsonArray *warnings = json_array_new ();

  if (verdict->fault != BK_CHAIN_SOUND && broken_too)
    add_warning (warnings, "chain-broken", verdict->message);
  if (verdict->fault == BK_CHAIN_SOUND && verdict->scope == BK_CHAIN_FROM_FIRST_KEPT)
    add_warning (
        warnings, "beginning-unknown",
        _ ("The log does not begin with its first event, and nothing tells what was removed"));
  json_object_set_int_member (object, "warnings_count", json_array_get_length (warnings));
  json_object_set_array_member (object, "warnings", warnings);
}

static gboolean
run_verify (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  const char *given = bk_call_string (call, "data_dir");
  g_autofree char *data_dir =
      g_canonicalize_filename (given == NULL ? call->settings->state_dir : given, NULL);
  gboolean fast = bk_call_bool (call, "fast", FALSE);
  g_autoptr (BkChainVerdict) verdict =
      bk_event_log_verify (data_dir, fast, call->reporter, cancellable, error);
  JsonObject *result = json_object_new ();

  if (verdict == NULL)
    {
      json_object_unref (result);
      return FALSE;
    }
  json_object_set_string_member (result, "data_dir", data_dir);
  add_verdict (result, verdict);
  add_warnings (result, verdict, FALSE);
  return bk_sink_emit (sink, BK_SINK_RESULT, bk_json_object_node (result), cancellable, error) &&
         bk_chain_verdict_set_error (verdict, data_dir, error);
}

static gboolean
run_backup (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  const BkEventLogBackupRequest request = {
    .settings = call->settings,
    .actor = call->actor,
    .data_dir = bk_call_string (call, "data_dir"),
    .output_dir = bk_call_string (call, "output_dir"),
    .name = bk_call_string (call, "name"),
  };
  g_autoptr (BkEventLogBackupResult) backup =
      bk_event_log_backup (&request, g_get_real_time (), call->reporter, cancellable, error);

  if (backup == NULL)
    return FALSE;

  JsonObject *result = json_object_new ();
  bk_json_set_string_or_null (result, "project_id", backup->project_id);
  json_object_set_string_member (result, "backup_id", backup->backup_id);
  json_object_set_string_member (result, "archive", backup->archive_path);
  json_object_set_string_member (result, "manifest", backup->manifest_path);
  json_object_set_int_member (result, "size_bytes", (gint64) backup->size_bytes);
  json_object_set_string_member (result, "sha256", backup->sha256);
  add_verdict (result, backup->verdict);
  add_warnings (result, backup->verdict, TRUE);
  return bk_sink_emit (sink, BK_SINK_RESULT, bk_json_object_node (result), cancellable, error);
}

static gboolean
run_restore (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  const BkEventLogRestoreRequest request = {
    .settings = call->settings,
    .actor = call->actor,
    .package = bk_call_string (call, "package"),
    .target_dir = bk_call_string (call, "target_dir"),
    .overwrite = bk_call_bool (call, "overwrite", FALSE),
    .accept_broken = bk_call_bool (call, "accept_broken", FALSE),
  };
  g_autoptr (BkEventLogRestoreResult) restored =
      bk_event_log_restore (&request, call->reporter, cancellable, error);

  if (restored == NULL)
    return FALSE;

  JsonObject *result = json_object_new ();
  json_object_set_string_member (result, "package", restored->package_path);
  json_object_set_string_member (result, "target_dir", restored->target_dir);
  json_object_set_string_member (result, "created_at", restored->manifest->created_at);
  json_object_set_int_member (result, "files_count", restored->manifest->files->len);
  add_verdict (result, restored->verdict);
  add_warnings (result, restored->verdict, TRUE);
  return bk_sink_emit (sink, BK_SINK_RESULT, bk_json_object_node (result), cancellable, error);
}

typedef struct
{
  BkSink *sink;
  GCancellable *cancellable;
} Listing;

static gboolean
emit_event (const char *json, gpointer user_data, GError **error)
{
  const Listing *listing = user_data;
  JsonObject *event = bk_json_parse_object (json, -1, _ ("An event"), error);

  return event != NULL && bk_sink_emit (listing->sink, BK_SINK_ITEM, bk_json_object_node (event),
                                        listing->cancellable, error);
}

static gboolean
run_list (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  const char *given = bk_call_string (call, "data_dir");
  const char *text = bk_call_string (call, "text");
  g_autofree char *data_dir =
      g_canonicalize_filename (given == NULL ? call->settings->state_dir : given, NULL);
  Listing listing = { sink, cancellable };
  guint count;

  if (!bk_event_log_list (data_dir, text != NULL && *text != '\0' ? text : NULL,
                          (guint) bk_call_int (call, "limit", LIST_DEFAULT), emit_event, &listing,
                          &count, cancellable, error))
    return FALSE;

  JsonObject *result = json_object_new ();
  json_object_set_int_member (result, "count", count);
  return bk_sink_emit (sink, BK_SINK_RESULT, bk_json_object_node (result), cancellable, error);
}

static GStrv
backup_projects (const BkCall *call)
{
  g_autoptr (GStrvBuilder) projects = g_strv_builder_new ();
  const char *name = bk_call_string (call, "name");
  g_autofree char *project_id = g_strdup_printf ("event-log/%s", name == NULL ? "default" : name);
  BkProjectKind kind;

  if (bk_project_id_parse (project_id, &kind, NULL))
    g_strv_builder_add (projects, project_id);
  return g_strv_builder_end (projects);
}

static GStrv
restore_projects (const BkCall *call)
{
  static const char *const projects[] = { "event-log/default", NULL };

  return g_strdupv ((char **) projects);
}

static const BkParam list_params[] = {
  { "data_dir", BK_PARAM_STRING, BK_PARAM_POSITIONAL,
    N_ ("the directory that holds “event-log”; by default our own event log") },
  { "text", BK_PARAM_STRING, BK_PARAM_OPTIONAL, N_ ("only events that have this anywhere") },
  { "limit", BK_PARAM_INT, BK_PARAM_OPTIONAL, N_ ("the newest N events (200)"), 1, LIST_MAX },
  { NULL },
};

static const BkParam verify_params[] = {
  { "data_dir", BK_PARAM_STRING, BK_PARAM_POSITIONAL,
    N_ ("the directory that holds “event-log”; by default our own event log") },
  { "fast", BK_PARAM_BOOL, BK_PARAM_OPTIONAL, N_ ("verify only what came after the snapshot") },
  { NULL },
};

static const BkParam backup_params[] = {
  { "data_dir", BK_PARAM_STRING, BK_PARAM_POSITIONAL,
    N_ ("the directory that holds “event-log”; by default our own event log") },
  { "output_dir", BK_PARAM_STRING, BK_PARAM_POSITIONAL,
    N_ ("where the package goes; by default event-log/NAME in the repository") },
  { "name", BK_PARAM_STRING, BK_PARAM_OPTIONAL,
    N_ ("the project in the repository; by default “default”") },
  { NULL },
};

static const BkParam restore_params[] = {
  { "package", BK_PARAM_STRING, BK_PARAM_REQUIRED | BK_PARAM_POSITIONAL,
    N_ ("the package: a path, or the id of a backup") },
  { "target_dir", BK_PARAM_STRING, BK_PARAM_REQUIRED | BK_PARAM_POSITIONAL,
    N_ ("the directory to restore to") },
  { "overwrite", BK_PARAM_BOOL, BK_PARAM_OPTIONAL,
    N_ ("replace the event log in a directory that is not empty") },
  { "accept_broken", BK_PARAM_BOOL, BK_PARAM_OPTIONAL,
    N_ ("restore a log whose chain is broken, to look at it") },
  { NULL },
};

const BkOperation bk_operation_event_log_list = {
  .name = "event-log.list",
  .command = "event-log list",
  .summary = N_ ("Show the events of an event log, newest first"),
  .params = list_params,
  .run = run_list,
};

const BkOperation bk_operation_event_log_verify = {
  .name = "event-log.verify",
  .command = "event-log verify",
  .summary = N_ ("Verify the hash chain of an event log"),
  .params = verify_params,
  .run = run_verify,
};

const BkOperation bk_operation_event_log_backup = {
  .name = "event-log.backup",
  .command = "event-log backup",
  .summary = N_ ("Make a cold backup of an event log"),
  .flags = BK_OPERATION_JOB,
  .params = backup_params,
  .run = run_backup,
  .projects = backup_projects,
};

const BkOperation bk_operation_event_log_restore = {
  .name = "event-log.restore",
  .command = "event-log restore",
  .summary = N_ ("Restore an event log from a cold backup"),
  .flags = BK_OPERATION_JOB,
  .params = restore_params,
  .run = run_restore,
  .projects = restore_projects,
};
