#include "api/operations/export.h"

#include "api/audit.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "model/event.h"
#include "ops/backup/export.h"
#include "store/log/file.h"

#include <limits.h>
#include <string.h>

/* A download that fails after its first byte is something only the receiver's connection shows; the
 * log says it too, under the name that whoever asked knows it by. */
static void
log_end (const BkCall *call, const char *const *ids, const char *name, const GError *failure)
{
  gboolean is_cancelled = g_error_matches (failure, BK_ERROR, BK_ERROR_CANCELLED);
  guint count = g_strv_length ((GStrv) ids);
  g_autofree char *project_id = g_path_get_dirname (ids[0]);
  g_autofree char *message =
      failure == NULL
          ? g_strdup_printf (bk_ngettext ("The export “%s” is complete: %u backup",
                                          "The export “%s” is complete: %u backups", count),
                             name, count)
          : g_strdup_printf (_ ("The export “%s” failed: %s"), name, failure->message);
  const BkLogEntry entry = {
    .level = failure == NULL ? BK_LOG_INFO
             : is_cancelled  ? BK_LOG_WARNING
                             : BK_LOG_ERROR,
    .project_id = project_id,
    .backup_id = strrchr (ids[0], '/') == NULL ? NULL : strrchr (ids[0], '/') + 1,
    .action = "backup.export",
    .status = failure == NULL ? "ok"
              : is_cancelled  ? "cancelled"
                              : "failed",
    .message = message,
    .error = failure == NULL ? NULL : bk_error_problem (failure),
  };
  g_autoptr (BkLogLine) line = bk_log_line_new (&entry, NULL, g_get_real_time ());
  g_autoptr (GError) error = NULL;
  autofd int log_dirfd = bk_log_dir_open (call->settings->log_dir, &error);

  if (log_dirfd < 0 || !bk_log_append (log_dirfd, line, &error))
    g_message ("%s", error->message);
}

static gboolean
run_export (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  g_auto (GStrv) ids = bk_call_strings (call, "ids");
  gint64 now_usecs = g_get_real_time ();
  g_autoptr (BkRepository) repository = bk_repository_open (call->settings->repository_dir, error);
  g_autoptr (GInputStream) bytes =
      repository == NULL ? NULL
                         : bk_backup_export_open (repository, (const char *const *) ids, now_usecs,
                                                  cancellable, error);

  if (bytes == NULL)
    return FALSE;

  /* Before the first byte leaves: data that went out unrecorded cannot be called back. */
  g_autofree char *exported = g_strjoinv (" ", ids);
  if (!bk_audit (call, BK_EVENT_EXPORTED, "backup", exported, call->args, error))
    return FALSE;

  g_autofree char *file_name = bk_backup_export_file_name (now_usecs);
  const char *name = bk_call_string (call, "name");
  g_autoptr (GError) failure = NULL;
  gboolean success = bk_sink_stream (sink, bytes, file_name, -1, cancellable, &failure);
  if (name == NULL || strlen (name) > NAME_MAX)
    name = file_name;
  log_end (call, (const char *const *) ids, name, failure);
  if (failure != NULL)
    g_propagate_error (error, g_steal_pointer (&failure));
  return success;
}

static const BkParam export_params[] = {
  { "ids", BK_PARAM_STRINGS, BK_PARAM_REQUIRED | BK_PARAM_POSITIONAL,
    N_ ("backups, as “list” shows them: project/backup") },
  { "name", BK_PARAM_STRING, BK_PARAM_OPTIONAL,
    N_ ("what the log calls the export, to find how it ended") },
  { NULL },
};

const BkOperation bk_operation_backup_export = {
  .name = "backup.export",
  .command = "export",
  .summary = N_ ("Give backups as one tar.gz, checked while it is made"),
  .flags = BK_OPERATION_STREAM,
  .params = export_params,
  .run = run_export,
};
