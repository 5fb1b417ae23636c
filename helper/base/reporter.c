#include "base/reporter.h"

#include "base/gettext.h"

G_DEFINE_INTERFACE (BkReporter, bk_reporter, G_TYPE_OBJECT)

static const char *const level_names[] = {
  [BK_LOG_DEBUG] = "debug",
  [BK_LOG_INFO] = "info",
  [BK_LOG_WARNING] = "warning",
  [BK_LOG_ERROR] = "error",
};

static void
bk_reporter_default_init (BkReporterInterface *iface)
{
}

const char *
bk_log_level_to_string (BkLogLevel level)
{
  g_return_val_if_fail ((guint) level < G_N_ELEMENTS (level_names), "info");
  return level_names[level];
}

/**
 * bk_log_level_from_string:
 * @text: (nullable): "debug", "info", "warning" or "error", in any case
 * @level: (out): set on success only
 */
gboolean
bk_log_level_from_string (const char *text, BkLogLevel *level)
{
  for (guint i = 0; text != NULL && i < G_N_ELEMENTS (level_names); i++)
    {
      if (g_ascii_strcasecmp (text, level_names[i]) == 0)
        {
          *level = (BkLogLevel) i;
          return TRUE;
        }
    }
  return FALSE;
}

/**
 * bk_reporter_log:
 * @reporter: (nullable): nobody watches when %NULL
 */
void
bk_reporter_log (BkReporter *reporter, const BkLogEntry *entry)
{
  if (reporter != NULL)
    BK_REPORTER_GET_IFACE (reporter)->log (reporter, entry);
}

/**
 * bk_reporter_progress:
 * @reporter: (nullable): nobody watches when %NULL
 *
 * May be called as often as there is news; who writes it down limits the rate.
 */
void
bk_reporter_progress (BkReporter *reporter, const BkProgress *progress)
{
  if (reporter != NULL)
    BK_REPORTER_GET_IFACE (reporter)->progress (reporter, progress);
}

/**
 * bk_reporter_message:
 * @format: in English, as the sources have it; it is translated here
 *
 * The common case of bk_reporter_log(): a line without status, details or error.
 */
void
bk_reporter_message (BkReporter *reporter,
                     BkLogLevel level,
                     const char *project_id,
                     const char *backup_id,
                     const char *action,
                     const char *format,
                     ...)
{
  va_list args;

  if (reporter == NULL)
    return;
  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (bk_gettext (format), args);
  va_end (args);

  bk_reporter_log (reporter, &(BkLogEntry){ .level = level,
                                            .project_id = project_id,
                                            .backup_id = backup_id,
                                            .action = action,
                                            .message = message });
}
