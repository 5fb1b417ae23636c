#include "store/log/journal.h"

#include "base/error.h"

#include <string.h>
#include <unistd.h>

/* Where systemd's journal takes messages. */
#define JOURNAL_SOCKET "/run/systemd/journal/socket"

static GMutex sent_lock;
static char *sent_error; /* (nullable): the last one, under sent_lock */

/**
 * bk_journal_is_there:
 *
 * Returns: whether systemd's journal takes messages here.
 */
gboolean
bk_journal_is_there (void)
{
  return access (JOURNAL_SOCKET, W_OK) == 0;
}

static const char *
priority_of (BkLogLevel level)
{
  switch (level)
    {
    case BK_LOG_DEBUG:
      return "7";
    case BK_LOG_WARNING:
      return "4";
    case BK_LOG_ERROR:
      return "3";
    case BK_LOG_INFO:
    default:
      return "6";
    }
}

static void
remember_error (const char *message)
{
  g_mutex_lock (&sent_lock);
  g_free (sent_error);
  sent_error = g_strdup (message);
  g_mutex_unlock (&sent_lock);
}

/**
 * bk_journal_send:
 *
 * One structured entry, so that `journalctl COCKPIT_BACKUP_PROJECT=vm/web1` finds it. Failing is
 * not reported: the log file is the record.
 */
void
bk_journal_send (const BkLogLine *line)
{
  /* A unit can work on many: a reader without our fields must see which one it is. */
  g_autofree char *message =
      g_strconcat (line->project_id == NULL ? "" : line->project_id,
                   line->project_id == NULL ? "" : ": ", line->message, NULL);
  const struct
  {
    const char *key;
    const char *value;
  } members[] = {
    { "MESSAGE", message },
    { "PRIORITY", priority_of (line->level) },
    { "SYSLOG_IDENTIFIER", "cockpit-backup" },
    { "COCKPIT_BACKUP_PROJECT", line->project_id },
    { "COCKPIT_BACKUP_BACKUP", line->backup_id },
    { "COCKPIT_BACKUP_JOB", line->job_id },
    { "COCKPIT_BACKUP_ACTION", line->action },
    { "COCKPIT_BACKUP_STATUS", line->status },
    { "COCKPIT_BACKUP_ERROR", line->error },
  };
  GLogField fields[G_N_ELEMENTS (members)];
  gsize count = 0;

  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    {
      if (members[i].value != NULL)
        fields[count++] = (GLogField){ members[i].key, members[i].value, -1 };
    }
  if (g_log_writer_journald (G_LOG_LEVEL_MESSAGE, fields, count, NULL) == G_LOG_WRITER_HANDLED &&
      line->level == BK_LOG_ERROR)
    remember_error (line->message);
}

static gboolean
was_sent (const char *message)
{
  g_mutex_lock (&sent_lock);
  gboolean was = g_strcmp0 (sent_error, message) == 0;
  g_mutex_unlock (&sent_lock);
  return was;
}

/**
 * bk_journal_print_error:
 * @error: what the program ends with
 *
 * Prints it on standard error, in one line. Of a unit that is the journal: what was sent there by
 * bk_journal_send() already, with the fields that it can be found by, is not said twice.
 */
void
bk_journal_print_error (const GError *error)
{
  g_autofree char *line = bk_error_one_line (error->message);

  if (!g_log_writer_is_journald (STDERR_FILENO) || !was_sent (error->message))
    g_printerr ("cockpit-backup: %s\n", line);
}
