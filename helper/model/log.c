#include "model/log.h"

#include "base/error.h"

#include <string.h>

static char *
clean (const char *text)
{
  return text == NULL ? NULL : bk_error_one_line (text);
}

/**
 * bk_log_line_new:
 * @entry: its texts may be of another program: they are made one line of valid UTF-8 each
 * @job_id: (nullable): the job that says it
 *
 * Returns: (transfer full): the line.
 */
BkLogLine *
bk_log_line_new (const BkLogEntry *entry, const char *job_id, gint64 now_usecs)
{
  BkLogLine *self = g_new0 (BkLogLine, 1);

  self->time_usecs = now_usecs;
  self->level = entry->level;
  self->project_id = bk_error_one_line (entry->project_id != NULL ? entry->project_id : "");
  self->backup_id = clean (entry->backup_id);
  self->job_id = clean (job_id);
  self->action = clean (entry->action);
  self->status = clean (entry->status);
  self->message = bk_error_one_line (entry->message != NULL ? entry->message : "");
  self->details = entry->details == NULL ? NULL : json_object_ref (entry->details);
  self->error = clean (entry->error);
  return self;
}

void
bk_log_line_free (BkLogLine *line)
{
  g_free (line->project_id);
  g_free (line->backup_id);
  g_free (line->job_id);
  g_free (line->action);
  g_free (line->status);
  g_free (line->message);
  g_clear_pointer (&line->details, json_object_unref);
  g_free (line->error);
  g_free (line);
}

/**
 * bk_log_filter_new:
 *
 * Returns: (transfer full): a filter that lets every line through.
 */
BkLogFilter *
bk_log_filter_new (void)
{
  return g_new0 (BkLogFilter, 1);
}

BkLogFilter *
bk_log_filter_copy (const BkLogFilter *filter)
{
  BkLogFilter *copy = g_memdup2 (filter, sizeof *filter);

  copy->project_id = g_strdup (filter->project_id);
  copy->backup_id = g_strdup (filter->backup_id);
  copy->job_id = g_strdup (filter->job_id);
  copy->text = g_strdup (filter->text);
  return copy;
}

void
bk_log_filter_free (BkLogFilter *filter)
{
  g_free (filter->project_id);
  g_free (filter->backup_id);
  g_free (filter->job_id);
  g_free (filter->text);
  g_free (filter);
}

static gboolean
is_wanted (const char *wanted, const char *text)
{
  return wanted == NULL || g_strcmp0 (wanted, text) == 0;
}

static gboolean
contains (const char *text, const char *folded)
{
  if (text == NULL)
    return FALSE;

  g_autofree char *own = g_utf8_casefold (text, -1);
  return strstr (own, folded) != NULL;
}

/**
 * bk_log_filter_matches:
 *
 * A project stands for itself only: “vm/web” does not match “vm/web1”.
 */
gboolean
bk_log_filter_matches (const BkLogFilter *filter, const BkLogLine *line)
{
  if (line->level < filter->min_level)
    return FALSE;
  if (filter->since_usecs != 0 && line->time_usecs < filter->since_usecs)
    return FALSE;
  if (filter->until_usecs != 0 && line->time_usecs >= filter->until_usecs)
    return FALSE;
  if (!is_wanted (filter->project_id, line->project_id) ||
      !is_wanted (filter->backup_id, line->backup_id) || !is_wanted (filter->job_id, line->job_id))
    return FALSE;
  if (filter->text == NULL)
    return TRUE;

  g_autofree char *folded = g_utf8_casefold (filter->text, -1);
  return contains (line->message, folded) || contains (line->error, folded) ||
         contains (line->action, folded);
}
