/* What a write has found, and its warnings. */
#include "ops/tree/write.h"

#include "base/error.h"
#include "base/gettext.h"

void
bk_tree_written_free (BkTreeWritten *written)
{
  g_ptr_array_unref (written->warnings);
  g_strfreev (written->mounts);
  g_free (written->archive_sha256);
  g_free (written->manifest_sha256);
  g_free (written);
}

/**
 * bk_tree_written_warn:
 *
 * Something a person should look at: kept with the backup and in the log, up to a bound each.
 */
void
bk_tree_written_warn (BkTreeWritten *written,
                      const BkTreeWriteRequest *request,
                      const char *format,
                      ...)
{
  va_list args;

  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (bk_gettext (format), args);
  va_end (args);
  g_autofree char *line = bk_error_one_line (text);

  written->warnings_count++;
  if (written->warnings_count <= BK_TREE_WARNINGS_LOGGED)
    bk_reporter_message (request->reporter, BK_LOG_WARNING, request->project_id, request->backup_id,
                         "tree.scan", "%s", line);
  if (written->warnings->len < BK_TREE_WARNINGS_KEPT)
    g_ptr_array_add (written->warnings, g_steal_pointer (&line));
}
