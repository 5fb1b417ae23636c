#include "api/operations/log.h"

#include "base/fd.h"
#include "base/gettext.h"
#include "base/timestamp.h"
#include "ops/log-follow.h"

#define LIMIT_DEFAULT 1000
#define LIMIT_MAX 10000000

typedef struct
{
  BkSink *sink;
  BkSinkKind kind;
  GCancellable *cancellable;
  gint64 count;
} Emitter;

static gboolean
emit_line (const BkLogLine *line, gpointer user_data, GError **error)
{
  Emitter *emitter = user_data;

  emitter->count++;
  return bk_sink_emit (emitter->sink, emitter->kind, bk_log_line_to_json (line),
                       emitter->cancellable, error);
}

/* @text is a time, or a day, which stands for its beginning or, as an end, is meant whole. */
static gint64
usecs_of (const char *text, gboolean is_end)
{
  if (text == NULL)
    return 0;

  g_autofree char *midnight = g_strdup_printf ("%sT00:00:00.000Z", text);
  gint64 usecs = bk_time_from_iso (midnight);
  if (usecs == BK_TIME_INVALID)
    return bk_time_from_iso (text);
  return is_end ? usecs + 24 * 60 * 60 * (gint64) G_USEC_PER_SEC : usecs;
}

static BkLogFilter *
filter_of (const BkCall *call)
{
  BkLogFilter *filter = bk_log_filter_new ();

  filter->project_id = g_strdup (bk_call_string (call, "project"));
  filter->backup_id = g_strdup (bk_call_string (call, "backup"));
  filter->job_id = g_strdup (bk_call_string (call, "job"));
  filter->text = g_strdup (bk_call_string (call, "text"));
  filter->since_usecs = usecs_of (bk_call_string (call, "since"), FALSE);
  filter->until_usecs = usecs_of (bk_call_string (call, "until"), TRUE);
  bk_log_level_from_string (bk_call_string (call, "level"), &filter->min_level);
  return filter;
}

static gboolean
run_query (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  g_autoptr (BkLogFilter) filter = filter_of (call);
  autofd int log_dirfd = bk_log_dir_open (call->settings->log_dir, error);
  g_autoptr (BkLogReader) reader = log_dirfd < 0 ? NULL : bk_log_reader_new (log_dirfd, filter);
  Emitter emitter = { sink, BK_SINK_ITEM, cancellable };

  if (reader == NULL ||
      !bk_log_reader_start_at_newest (reader, (guint64) bk_call_int (call, "limit", LIMIT_DEFAULT),
                                      cancellable, error) ||
      !bk_log_reader_drain (reader, emit_line, &emitter, cancellable, error))
    return FALSE;
  if (bk_call_bool (call, "follow", FALSE))
    return bk_log_follow (reader, emit_line, &emitter, cancellable, error);

  JsonObject *result = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  json_object_set_int_member (result, "count", emitter.count);
  json_node_take_object (node, result);
  return bk_sink_emit (sink, BK_SINK_RESULT, node, cancellable, error);
}

static gboolean
run_follow (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  g_autoptr (BkLogFilter) filter = filter_of (call);
  autofd int log_dirfd = bk_log_dir_open (call->settings->log_dir, error);
  g_autoptr (BkLogReader) reader = log_dirfd < 0 ? NULL : bk_log_reader_new (log_dirfd, filter);
  Emitter emitter = { sink, BK_SINK_LOG, cancellable };
  gint64 limit_count = bk_call_int (call, "limit", filter->since_usecs == 0 ? -1 : 0);

  if (reader == NULL)
    return FALSE;
  gboolean success = limit_count < 0 ? bk_log_reader_skip_to_end (reader, error)
                                     : bk_log_reader_start_at_newest (reader, (guint64) limit_count,
                                                                      cancellable, error);
  return success && bk_log_follow (reader, emit_line, &emitter, cancellable, error);
}

#define FILTER_PARAMS                                                                              \
  { "project", BK_PARAM_STRING, BK_PARAM_OPTIONAL, N_ ("only that project, e.g. vm/web1") },       \
      { "backup", BK_PARAM_STRING, BK_PARAM_OPTIONAL, N_ ("only that backup") },                   \
      { "job", BK_PARAM_STRING, BK_PARAM_OPTIONAL, N_ ("only that job") },                         \
      { "level", BK_PARAM_CHOICE, BK_PARAM_OPTIONAL, N_ ("only that level and graver ones"),       \
        .choices = "debug|info|warning|error" },                                                   \
      { "text", BK_PARAM_STRING, BK_PARAM_OPTIONAL, N_ ("only lines that contain that text") },    \
  {                                                                                                \
    "since", BK_PARAM_TIME, BK_PARAM_OPTIONAL, N_ ("only from that time or day on (UTC)")          \
  }

static const BkParam query_params[] = {
  FILTER_PARAMS,
  { "until", BK_PARAM_TIME, BK_PARAM_OPTIONAL,
    N_ ("only before that time, or until the end of that day (UTC)") },
  { "limit", BK_PARAM_INT, BK_PARAM_OPTIONAL, N_ ("the newest so many; 0 is all (1000)"), 0,
    LIMIT_MAX },
  { "follow", BK_PARAM_BOOL, BK_PARAM_OPTIONAL, N_ ("stay, and show what comes") },
  { NULL },
};

static const BkParam follow_params[] = {
  FILTER_PARAMS,
  { "limit", BK_PARAM_INT, BK_PARAM_OPTIONAL,
    N_ ("begin with the newest so many; 0 is all (none, or all since --since)"), 0, LIMIT_MAX },
  { NULL },
};

const BkOperation bk_operation_log_query = {
  .name = "log.query",
  .command = "log",
  .summary = N_ ("Show the log"),
  .flags = BK_OPERATION_FOLLOWS,
  .params = query_params,
  .run = run_query,
};

const BkOperation bk_operation_log_follow = {
  .name = "log.follow",
  .command = "log follow",
  .summary = N_ ("Show the log as it is written"),
  .flags = BK_OPERATION_FOLLOWS,
  .params = follow_params,
  .run = run_follow,
};
