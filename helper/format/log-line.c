#include "format/log-line.h"

#include "base/error.h"
#include "base/gettext.h"
#include "base/timestamp.h"
#include "format/json.h"

#include <string.h>

/* When a line is too long even without its details, each text is cut to this. */
#define CUT_BYTES 512

/**
 * bk_log_line_to_json:
 *
 * Returns: (transfer full): the view of it.
 */
JsonNode *
bk_log_line_to_json (const BkLogLine *line)
{
  JsonObject *object = json_object_new ();
  g_autofree char *timestamp = bk_time_to_iso (line->time_usecs);

  json_object_set_string_member (object, "timestamp", timestamp);
  json_object_set_string_member (object, "level", bk_log_level_to_string (line->level));
  json_object_set_string_member (object, "project_id", line->project_id);
  bk_json_set_string_or_null (object, "backup_id", line->backup_id);
  bk_json_set_string_or_null (object, "job_id", line->job_id);
  bk_json_set_string_or_null (object, "action", line->action);
  bk_json_set_string_or_null (object, "status", line->status);
  json_object_set_string_member (object, "message", line->message);
  if (line->details == NULL)
    json_object_set_null_member (object, "details");
  else
    json_object_set_object_member (object, "details", json_object_ref (line->details));
  bk_json_set_string_or_null (object, "error", line->error);
  return bk_json_object_node (object);
}

static void
cut (JsonObject *object, const char *name)
{
  const char *text = json_object_get_string_member_with_default (object, name, NULL);

  if (text == NULL || strlen (text) <= CUT_BYTES)
    return;
  g_autofree char *head = g_strndup (text, CUT_BYTES);
  g_autofree char *valid = g_utf8_make_valid (head, -1);
  g_autofree char *marked = g_strconcat (valid, "…", NULL);
  json_object_set_string_member (object, name, marked);
}

/**
 * bk_log_line_to_text:
 *
 * A line that would be longer than %BK_LOG_LINE_MAX_BYTES loses its details, and then the ends of
 * its texts.
 *
 * Returns: (transfer full): the line with its newline.
 */
char *
bk_log_line_to_text (const BkLogLine *line)
{
  static const char *const texts[] = { "project_id", "backup_id", "job_id", "action",
                                       "status",     "message",   "error" };
  g_autoptr (JsonNode) node = bk_log_line_to_json (line);
  JsonObject *object = json_node_get_object (node);
  g_autofree char *text = bk_json_to_text (node, FALSE);

  if (strlen (text) >= BK_LOG_LINE_MAX_BYTES)
    {
      json_object_set_null_member (object, "details");
      g_free (text);
      text = bk_json_to_text (node, FALSE);
    }
  if (strlen (text) >= BK_LOG_LINE_MAX_BYTES)
    {
      for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
        cut (object, texts[i]);
      g_free (text);
      text = bk_json_to_text (node, FALSE);
    }
  return g_strconcat (text, "\n", NULL);
}

/**
 * bk_log_line_from_text:
 * @text: hostile until checked: a line that a power cut tore, or one that another program wrote
 * @length_bytes: without the newline
 *
 * Returns: (transfer full) (nullable): the line, or %NULL with %BK_ERROR_INTEGRITY.
 */
BkLogLine *
bk_log_line_from_text (const char *text, gsize length_bytes, GError **error)
{
  const char *what = _ ("A line of a log");
  g_autoptr (JsonObject) object = NULL;
  BkLogEntry entry = { 0 };
  const char *timestamp, *level, *job_id;

  if (length_bytes >= BK_LOG_LINE_MAX_BYTES)
    {
      bk_set_error (error, BK_ERROR_INTEGRITY, "%s is longer than it can be", what);
      return NULL;
    }
  object = bk_json_parse_object (text, (gssize) length_bytes, what, error);
  if (object == NULL || !bk_json_string (object, "timestamp", what, &timestamp, error) ||
      !bk_json_string (object, "level", what, &level, error) ||
      !bk_json_string (object, "project_id", what, &entry.project_id, error) ||
      !bk_json_string (object, "message", what, &entry.message, error) ||
      !bk_json_string_or_null (object, "backup_id", what, &entry.backup_id, error) ||
      !bk_json_string_or_null (object, "job_id", what, &job_id, error) ||
      !bk_json_string_or_null (object, "action", what, &entry.action, error) ||
      !bk_json_string_or_null (object, "status", what, &entry.status, error) ||
      !bk_json_string_or_null (object, "error", what, &entry.error, error))
    return NULL;

  gint64 time_usecs = bk_time_from_iso (timestamp);
  if (time_usecs == BK_TIME_INVALID || !bk_log_level_from_string (level, &entry.level))
    {
      bk_set_error (error, BK_ERROR_INTEGRITY, "%s has no usable timestamp or level", what);
      return NULL;
    }

  JsonNode *details = json_object_get_member (object, "details");
  if (details != NULL && JSON_NODE_HOLDS_OBJECT (details))
    entry.details = json_node_get_object (details);
  return bk_log_line_new (&entry, job_id, time_usecs);
}
