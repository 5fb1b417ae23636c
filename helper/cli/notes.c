#include "cli/notes.h"

#include "base/error.h"
#include "base/gettext.h"
#include "base/quantity.h"
#include "base/timestamp.h"

#include <stdio.h>
#include <unistd.h>

#define BACK_TO_START_AND_CLEAR "\r\033[K"

static gboolean is_progress_shown;

static const char *
text_of (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) ||
      json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;
  return json_node_get_string (node);
}

static char *
local_clock (const char *iso)
{
  gint64 usecs = iso != NULL ? bk_time_from_iso (iso) : BK_TIME_INVALID;

  if (usecs == BK_TIME_INVALID)
    return g_strdup ("");

  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (usecs / G_USEC_PER_SEC);
  g_autoptr (GDateTime) local = utc != NULL ? g_date_time_to_local (utc) : NULL;
  return local != NULL ? g_date_time_format (local, "%H:%M:%S ") : g_strdup ("");
}

/**
 * bk_note_log_line:
 * @value: the view of a log line
 *
 * Returns: (transfer full) (nullable): "02:00:00 warning vm/web1: …".
 */
char *
bk_note_log_line (JsonNode *value)
{
  if (!JSON_NODE_HOLDS_OBJECT (value))
    return NULL;

  JsonObject *object = json_node_get_object (value);
  const char *level = text_of (object, "level");
  const char *project_id = text_of (object, "project_id");
  const char *message = text_of (object, "message");
  const char *error = text_of (object, "error");
  g_autofree char *clock = local_clock (text_of (object, "timestamp"));
  gboolean is_plain = level == NULL || g_str_equal (level, "info");
  g_autofree char *line = g_strconcat (
      clock, is_plain ? "" : level, is_plain ? "" : " ", project_id != NULL ? project_id : "",
      project_id != NULL ? ": " : "", message != NULL ? message : "", error != NULL ? ": " : "",
      error != NULL ? error : "", NULL);

  return bk_error_one_line (line);
}

/**
 * bk_note_clear:
 *
 * Takes the progress line from the terminal, before something else is printed.
 */
void
bk_note_clear (void)
{
  if (is_progress_shown)
    fputs (BACK_TO_START_AND_CLEAR, stderr);
  is_progress_shown = FALSE;
}

/**
 * bk_note_log:
 * @value: the view of a log line
 *
 * On standard error; of a unit that is the journal, which has each line of a job already, with more that can
 * be asked for.
 */
void
bk_note_log (JsonNode *value)
{
  g_autofree char *line = bk_note_log_line (value);

  if (line == NULL || g_log_writer_is_journald (STDERR_FILENO))
    return;
  bk_note_clear ();
  fprintf (stderr, "%s\n", line);
}

static JsonObject *
progress_of (JsonNode *value)
{
  if (!JSON_NODE_HOLDS_OBJECT (value))
    return NULL;

  /* A job's view has its progress inside. */
  JsonNode *inner = json_object_get_member (json_node_get_object (value), "progress");
  if (inner == NULL)
    return json_node_get_object (value);
  return JSON_NODE_HOLDS_OBJECT (inner) ? json_node_get_object (inner) : NULL;
}

static guint64
count_of (JsonObject *object, const char *name)
{
  gint64 number = json_object_get_int_member_with_default (object, name, 0);

  return number > 0 ? (guint64) number : 0;
}

static char *
progress_line (JsonObject *progress)
{
  guint64 done_bytes = count_of (progress, "done_bytes");
  guint64 total_bytes = count_of (progress, "total_bytes");
  guint64 rate_bytes = count_of (progress, "rate_bytes_per_second");
  const char *project_id = text_of (progress, "project_id");
  const char *step = text_of (progress, "step");
  g_autofree char *done = bk_size_text (done_bytes);
  g_autofree char *total = bk_size_text (total_bytes);
  g_autofree char *rate = bk_size_text (rate_bytes);
  GString *line = g_string_new (NULL);

  g_string_append_printf (line, "%s %s ", project_id != NULL ? project_id : "",
                          step != NULL ? step : "");
  if (total_bytes > 0)
    g_string_append_printf (line, _ ("%s of %s, %d %%"), done, total,
                            (int) (100.0 * (double) done_bytes / (double) total_bytes));
  else
    g_string_append (line, done);
  if (rate_bytes > 0)
    g_string_append_printf (line, _ (", %s/s"), rate);
  g_autofree char *raw = g_string_free (line, FALSE);
  return bk_error_one_line (g_strstrip (raw));
}

/**
 * bk_note_progress:
 * @value: the view of a job, or of its progress
 *
 * One line on a terminal, over the one before; nothing elsewhere.
 */
void
bk_note_progress (JsonNode *value)
{
  JsonObject *progress = progress_of (value);

  if (progress == NULL || !isatty (STDERR_FILENO))
    return;
  g_autofree char *line = progress_line (progress);
  fprintf (stderr, BACK_TO_START_AND_CLEAR "%s", line);
  is_progress_shown = TRUE;
}

static gboolean
counts_warnings (JsonNode *node)
{
  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) &&
         count_of (json_node_get_object (node), "warnings_count") > 0;
}

/**
 * bk_result_has_warnings:
 * @result: (nullable): a result with a "warnings_count" above 0, or a job with such a result, was
 *   done with warnings
 */
gboolean
bk_result_has_warnings (JsonNode *result)
{
  if (result == NULL || !JSON_NODE_HOLDS_OBJECT (result))
    return FALSE;
  return counts_warnings (result) ||
         counts_warnings (json_object_get_member (json_node_get_object (result), "result"));
}
