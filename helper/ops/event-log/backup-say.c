/* The lines that a run writes into its log. */
#include "ops/event-log/backup-private.h"

#include "base/gettext.h"
#include "base/quantity.h"

/**
 * bk_event_log_backup_say:
 *
 * A line of the run's log.
 */
void
bk_event_log_backup_say (BkEventLogBackupRun *run, const char *format, ...)
{
  const char *project_id =
      run->result->project_id == NULL ? "event-log/default" : run->result->project_id;
  va_list args;

  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (bk_gettext (format), args);
  va_end (args);
  bk_reporter_message (run->reporter, BK_LOG_INFO, project_id, run->result->backup_id,
                       "event-log.backup", "%s", message);
}

/**
 * bk_event_log_backup_say_file:
 *
 * The line that says that a file is done.
 */
void
bk_event_log_backup_say_file (BkEventLogBackupRun *run, const char *path, guint64 size_bytes)
{
  g_autofree char *size = bk_size_text (size_bytes);

  bk_event_log_backup_say (run, "   - %s (%s) ✓", path, size);
}
