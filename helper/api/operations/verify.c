#include "api/operations/keep.h"

#include "base/error.h"
#include "base/gettext.h"
#include "format/cycle-manifest.h"
#include "format/json.h"
#include "model/project.h"
#include "ops/backup/verify-record.h"
#include "ops/backup/verify.h"
#include "ops/vm/cycle-verify.h"
#include "store/repository/catalogue.h"
#include "store/repository/cycle-file.h"

#include <string.h>

/* What is to be verified, and what came of it so far. */
typedef struct
{
  const BkCall *call;
  BkRepository *repository;
  BkSink *sink;
  GCancellable *cancellable;
  GPtrArray *backups;   /* of BkBackup */
  GPtrArray *projects;  /* of char *: whole ones */
  GPtrArray *unusable;  /* of Unusable: records that are no record */
  GHashTable *verified; /* full ids that were found whole */
  guint verified_count;
  guint broken_count;
  guint skipped_count;
  GError *first; /* what was found broken first */
} Verification;

typedef struct
{
  char *where; /* relative to the repository */
  GError *why;
} Unusable;

static void
unusable_free (gpointer data)
{
  Unusable *unusable = data;

  g_free (unusable->where);
  g_error_free (unusable->why);
  g_free (unusable);
}

static void
verification_clear (Verification *verification)
{
  g_clear_pointer (&verification->backups, g_ptr_array_unref);
  g_clear_pointer (&verification->projects, g_ptr_array_unref);
  g_clear_pointer (&verification->unusable, g_ptr_array_unref);
  g_clear_pointer (&verification->verified, g_hash_table_unref);
  g_clear_error (&verification->first);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Verification, verification_clear)

static void
on_unusable (const char *where, const GError *why, gpointer user_data)
{
  Verification *verification = user_data;
  Unusable *unusable = g_new0 (Unusable, 1);

  unusable->where = g_strdup (where);
  unusable->why = g_error_copy (why);
  g_ptr_array_add (verification->unusable, unusable);
}

static gboolean
add_backup (Verification *verification, const char *full_id, GError **error)
{
  BkBackup *backup = bk_catalogue_find (verification->repository, full_id, error);

  if (backup != NULL)
    g_ptr_array_add (verification->backups, backup);
  return backup != NULL;
}

static gboolean
add_project (Verification *verification, const char *project_id, GError **error)
{
  g_autoptr (GPtrArray) all = bk_catalogue_list (verification->repository, project_id, on_unusable,
                                                 verification, verification->cancellable, error);

  for (guint i = 0; all != NULL && i < all->len; i++)
    {
      const BkBackup *backup = g_ptr_array_index (all, i);

      if (backup->status == BK_BACKUP_COMPLETED)
        g_ptr_array_add (verification->backups, bk_backup_copy (backup));
    }
  g_ptr_array_add (verification->projects, g_strdup (project_id));
  return all != NULL;
}

static gboolean
add_all (Verification *verification, GError **error)
{
  g_autoptr (GPtrArray) ids = bk_repository_list_projects (verification->repository, error);

  for (guint i = 0; ids != NULL && i < ids->len; i++)
    {
      g_autoptr (GError) local = NULL;

      if (add_project (verification, g_ptr_array_index (ids, i), &local) ||
          g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND))
        continue; /* a project that was removed meanwhile is no error */
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  return ids != NULL;
}

/* An id is a backup's or a whole project's; none, with `all`, is the repository. */
static gboolean
find_what (Verification *verification, GError **error)
{
  g_auto (GStrv) ids = bk_call_strings (verification->call, "ids");
  gboolean all = bk_call_bool (verification->call, "all", FALSE);

  if (all == (*ids != NULL))
    {
      bk_set_error (error, BK_ERROR_USAGE, "Name the backups or projects to verify, or say --all");
      return FALSE;
    }
  if (all)
    return add_all (verification, error);
  for (char **id = ids; *id != NULL; id++)
    {
      BkProjectKind kind;
      gboolean project = bk_project_id_parse (*id, &kind, NULL);

      if (project ? !add_project (verification, *id, error)
                  : !add_backup (verification, *id, error))
        return FALSE;
    }
  return TRUE;
}

/* Busy is what is being consolidated; what was consolidated meanwhile is not there. Neither is broken. */
static gboolean
is_skipped (const GError *failure)
{
  return g_error_matches (failure, BK_ERROR, BK_ERROR_BUSY) ||
         g_error_matches (failure, BK_ERROR, BK_ERROR_NOT_FOUND);
}

static JsonNode *
view_verified (const char *id, const GError *failure)
{
  JsonObject *object = json_object_new ();
  const char *state = failure == NULL ? "whole" : is_skipped (failure) ? "consolidating" : "broken";

  json_object_set_string_member (object, "id", id);
  json_object_set_boolean_member (object, "whole", failure == NULL);
  json_object_set_string_member (object, "state", state);
  bk_json_set_string_or_null (object, "message", failure == NULL ? NULL : failure->message);
  return bk_json_object_node (object);
}

/* Says what was found; only what says nothing about the backup ends the verification. */
static gboolean
report (Verification *verification, const char *id, const GError *failure, GError **error)
{
  gboolean broken = g_error_matches (failure, BK_ERROR, BK_ERROR_INTEGRITY);

  if (failure != NULL && !broken && !is_skipped (failure))
    {
      g_propagate_error (error, g_error_copy (failure));
      return FALSE;
    }
  verification->verified_count += failure == NULL || broken ? 1 : 0;
  verification->broken_count += broken ? 1 : 0;
  verification->skipped_count += failure != NULL && !broken ? 1 : 0;
  if (failure != NULL)
    bk_reporter_message (verification->call->reporter, broken ? BK_LOG_ERROR : BK_LOG_WARNING, NULL,
                         NULL, "verify", "%s", failure->message);
  if (broken && verification->first == NULL)
    verification->first = g_error_copy (failure);
  return bk_sink_emit (verification->sink, BK_SINK_ITEM, view_verified (id, failure),
                       verification->cancellable, error);
}

static gboolean
verify_backup (Verification *verification, const BkBackup *backup, GError **error)
{
  const BkCall *call = verification->call;
  g_autofree char *full_id = bk_backup_full_id (backup);
  g_autoptr (GError) failure = NULL;
  gboolean whole = bk_backup_verify (verification->repository, backup, TRUE, verification->verified,
                                     call->reporter, verification->cancellable, &failure);

  if (whole || g_error_matches (failure, BK_ERROR, BK_ERROR_INTEGRITY))
    bk_backup_verify_record (verification->repository, backup, failure, g_get_real_time (),
                             call->job_id == NULL ? "" : call->job_id);
  return report (verification, full_id, failure, error);
}

/* Only what is wrong with a project as a whole is an item of its own. */
static gboolean
verify_project (Verification *verification, const char *project_id, GError **error)
{
  g_autofree char *id = g_strconcat (project_id, "/" BK_CYCLE_MANIFEST_NAME, NULL);
  g_autoptr (GError) failure = NULL;

  return bk_vm_cycle_verify (verification->repository, project_id, &failure) ||
         report (verification, id, failure, error);
}

static gboolean
verify_each (Verification *verification, GError **error)
{
  for (guint i = 0; i < verification->unusable->len; i++)
    {
      const Unusable *unusable = g_ptr_array_index (verification->unusable, i);

      if (!report (verification, unusable->where, unusable->why, error))
        return FALSE;
    }
  for (guint i = 0; i < verification->projects->len; i++)
    {
      if (!verify_project (verification, g_ptr_array_index (verification->projects, i), error))
        return FALSE;
    }
  for (guint i = 0; i < verification->backups->len; i++)
    {
      if (!verify_backup (verification, g_ptr_array_index (verification->backups, i), error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
finish (Verification *verification, GError **error)
{
  JsonObject *result = json_object_new ();

  json_object_set_int_member (result, "verified_count", verification->verified_count);
  json_object_set_int_member (result, "broken_count", verification->broken_count);
  json_object_set_int_member (result, "warnings_count", verification->skipped_count);
  if (!bk_sink_emit (verification->sink, BK_SINK_RESULT, bk_json_object_node (result),
                     verification->cancellable, error))
    return FALSE;
  if (verification->first == NULL)
    return TRUE;
  if (verification->broken_count > 1)
    bk_prefix_error (&verification->first,
                     "%u backups are broken; the first: ", verification->broken_count);
  g_propagate_error (error, g_steal_pointer (&verification->first));
  return FALSE;
}

static gboolean
run_verify (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  g_autoptr (BkRepository) repository = bk_repository_open (call->settings->repository_dir, error);
  g_auto (Verification) verification = {
    .call = call,
    .repository = repository,
    .sink = sink,
    .cancellable = cancellable,
    .backups = g_ptr_array_new_with_free_func ((GDestroyNotify) bk_backup_free),
    .projects = g_ptr_array_new_with_free_func (g_free),
    .unusable = g_ptr_array_new_with_free_func (unusable_free),
    .verified = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
  };

  return repository != NULL && find_what (&verification, error) &&
         verify_each (&verification, error) && finish (&verification, error);
}

static const BkParam verify_params[] = {
  { "ids", BK_PARAM_STRINGS, BK_PARAM_POSITIONAL, N_ ("backups, or whole projects (vm/web1)") },
  { "all", BK_PARAM_BOOL, BK_PARAM_OPTIONAL, N_ ("everything in the repository") },
  { NULL },
};

const BkOperation bk_operation_backup_verify = {
  .name = "backup.verify",
  .command = "verify",
  .summary = N_ ("Read backups again and compare them with what was recorded"),
  .flags = BK_OPERATION_JOB,
  .params = verify_params,
  .run = run_verify,
};
