#include "api/operations/backup.h"

#include "base/error.h"
#include "base/gettext.h"
#include "format/json.h"
#include "format/metadata.h"
#include "store/repository/catalogue.h"

/* What of a list could not be read, counted; each is told in the journal of the program. */
static void
on_problem (const char *where, const GError *error, gpointer user_data)
{
  guint *warnings_count = user_data;

  ++*warnings_count;
  g_message ("%s: %s", where, error->message);
}

static GPtrArray *
list_backups (const BkCall *call, guint *warnings_count, GCancellable *cancellable, GError **error)
{
  const char *project = bk_call_string (call, "project");
  g_autoptr (GError) local = NULL;
  g_autoptr (BkRepository) repository = bk_repository_open (call->settings->repository_dir, &local);

  if (repository != NULL)
    return bk_catalogue_list (repository, project, on_problem, warnings_count, cancellable, error);
  /* Before the first backup there is no repository: an empty list, not an error. */
  if (project == NULL && g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND))
    return g_ptr_array_new ();
  g_propagate_error (error, g_steal_pointer (&local));
  return NULL;
}

static gboolean
run_list (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  guint warnings_count = 0;
  guint64 size_bytes = 0;
  g_autoptr (GPtrArray) backups = list_backups (call, &warnings_count, cancellable, error);

  for (guint i = 0; backups != NULL && i < backups->len; i++)
    {
      const BkBackup *backup = g_ptr_array_index (backups, i);

      size_bytes += backup->size_bytes;
      if (!bk_sink_emit (sink, BK_SINK_ITEM, bk_metadata_to_json (backup, FALSE), cancellable,
                         error))
        return FALSE;
    }
  if (backups == NULL)
    return FALSE;

  JsonObject *result = json_object_new ();
  json_object_set_int_member (result, "count", backups->len);
  json_object_set_int_member (result, "size_bytes", (gint64) size_bytes);
  json_object_set_int_member (result, "warnings_count", warnings_count);
  return bk_sink_emit (sink, BK_SINK_RESULT, bk_json_object_node (result), cancellable, error);
}

static gboolean
run_info (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  g_autoptr (BkRepository) repository = bk_repository_open (call->settings->repository_dir, error);
  g_autoptr (BkBackup) backup =
      repository == NULL ? NULL
                         : bk_catalogue_find (repository, bk_call_string (call, "id"), error);

  return backup != NULL && bk_sink_emit (sink, BK_SINK_RESULT, bk_metadata_to_json (backup, TRUE),
                                         cancellable, error);
}

static const BkParam list_params[] = {
  { "project", BK_PARAM_STRING, BK_PARAM_POSITIONAL,
    N_ ("one project only, for instance vm/web1") },
  { NULL },
};

static const BkParam info_params[] = {
  { "id", BK_PARAM_STRING, BK_PARAM_REQUIRED | BK_PARAM_POSITIONAL,
    N_ ("the backup, for instance vm/web1/web1-Base-20261120_020000") },
  { NULL },
};

const BkOperation bk_operation_backup_list = {
  .name = "backup.list",
  .command = "list",
  .summary = N_ ("List the backups, by project, oldest first"),
  .params = list_params,
  .run = run_list,
};

const BkOperation bk_operation_backup_info = {
  .name = "backup.info",
  .command = "info",
  .summary = N_ ("Show everything that is recorded about a backup"),
  .params = info_params,
  .run = run_info,
};
