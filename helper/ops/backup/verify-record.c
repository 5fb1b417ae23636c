#include "ops/backup/verify-record.h"

#include "base/error.h"
#include "format/json.h"
#include "store/repository/catalogue.h"
#include "store/repository/metadata-file.h"

#define BROKEN "broken"

static JsonObject *
copy_members (JsonObject *from)
{
  JsonObject *copy = json_object_new ();
  g_autoptr (GList) names = from == NULL ? NULL : json_object_get_members (from);

  for (GList *l = names; l != NULL; l = l->next)
    json_object_set_member (copy, l->data, json_object_dup_member (from, l->data));
  return copy;
}

static JsonObject *
new_finding (const GError *failure, gint64 now_usecs)
{
  JsonObject *finding = json_object_new ();

  bk_json_set_time_or_null (finding, "at", now_usecs);
  json_object_set_string_member (finding, "message", failure->message);
  return finding;
}

static gboolean
says_broken (const BkBackup *backup)
{
  return backup->extra != NULL && json_object_has_member (backup->extra, BROKEN);
}

/**
 * bk_backup_verify_record:
 * @failure: (nullable): what is wrong with @backup: %BK_ERROR_INTEGRITY; %NULL when it is whole
 * @job_id: who takes the project for the moment
 *
 * Puts down in a backup's record (`extra.broken`: when it was found, and what) that it cannot be
 * restored, so that lists show it; takes that away when it is found whole. A project that somebody
 * works on, or that cannot be written to, is left: the finding itself was said.
 */
void
bk_backup_verify_record (BkRepository *repository,
                         const BkBackup *backup,
                         const GError *failure,
                         gint64 now_usecs,
                         const char *job_id)
{
  if (failure == NULL && !says_broken (backup))
    return;

  g_autofree char *full_id = bk_backup_full_id (backup);
  g_autoptr (BkLock) lock =
      bk_repository_lock_project (repository, backup->project_id, job_id, NULL);
  /* Again, now that nobody else changes it. */
  g_autoptr (BkBackup) now = lock == NULL ? NULL : bk_catalogue_find (repository, full_id, NULL);
  if (now == NULL || now->status != BK_BACKUP_COMPLETED)
    return;

  JsonObject *extra = copy_members (now->extra);
  if (failure == NULL)
    json_object_remove_member (extra, BROKEN);
  else
    json_object_set_object_member (extra, BROKEN, new_finding (failure, now_usecs));
  g_clear_pointer (&now->extra, json_object_unref);
  now->extra = extra;
  bk_metadata_file_rewrite (repository, now, NULL);
}
