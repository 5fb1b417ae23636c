#include "api/ops-export.h"

#include "api/audit.h"
#include "base/gettext.h"
#include "model/event.h"
#include "ops/backup-export.h"

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
  return bk_sink_stream (sink, bytes, file_name, -1, cancellable, error);
}

static const BkParam export_params[] = {
  { "ids", BK_PARAM_STRINGS, BK_PARAM_REQUIRED | BK_PARAM_POSITIONAL,
    N_ ("backups, as “list” shows them: project/backup") },
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
