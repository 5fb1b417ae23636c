/* Observing a tree's sources and chain, and deciding from that which backup is to be made, and how it
 * is called. Nothing is written. */
#include "ops/tree/backup-private.h"

#include "base/error.h"
#include "base/timestamp.h"
#include "store/tree/sources.h"

/* Paths in a metadata file are text; one that is none was not put there. */
static GStrv
mounts_of (const BkBackup *backup)
{
  g_autoptr (GStrvBuilder) mounts = g_strv_builder_new ();
  JsonNode *node = backup == NULL || backup->extra == NULL
                       ? NULL
                       : json_object_get_member (backup->extra, "mounts");
  JsonArray *array =
      node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      JsonNode *mount = json_array_get_element (array, i);

      if (JSON_NODE_HOLDS_VALUE (mount) && json_node_get_value_type (mount) == G_TYPE_STRING)
        g_strv_builder_add (mounts, json_node_get_string (mount));
    }
  return g_strv_builder_end (mounts);
}

static gboolean
check_sources (BkTreeBackupRun *run, GError **error)
{
  const char *const *sources = (const char *const *) run->sources;
  guint missing = bk_tree_sources_count_missing (sources);

  if (missing == g_strv_length (run->sources))
    {
      bk_set_error (
          error, BK_ERROR_NOT_FOUND,
          "“%s” was not backed up: none of its sources is there. Mount them, or name others "
          "in the settings",
          run->request->task->name);
      return FALSE;
    }
  run->facts.sources_missing =
      missing > 0 || bk_tree_mounts_are_missing ((const char *const *) run->mounts);
  return TRUE;
}

/**
 * bk_tree_backup_observe:
 * @run: with request and project_fd; gets the facts and what they come from
 *
 * Errors: of the settings' patterns and sources; %BK_ERROR_NOT_FOUND if no source is there.
 */
gboolean
bk_tree_backup_observe (BkTreeBackupRun *run, GError **error)
{
  const BkTreeBackupRequest *request = run->request;
  const BkTreeTask *task = request->task;
  gint64 now_usecs = g_get_real_time ();

  run->excludes = bk_tree_excludes_new ((const char *const *) task->excludes, error);
  if (run->excludes == NULL)
    return FALSE;
  run->sources = bk_tree_sources_resolve ((const char *const *) task->sources, error);
  if (run->sources == NULL)
    return FALSE;
  run->chain =
      bk_tree_chain_observe (request->repository, run->project_fd, request->project_id, error);
  if (run->chain == NULL)
    return FALSE;
  run->mounts = mounts_of (run->chain->last);
  run->facts = (BkGenerationFacts){
    .storage_type = request->storage->type,
    .full_interval_days = request->storage->full_interval_days,
    .full_requested = request->full_requested,
    .now_usecs = now_usecs,
    .chain = run->chain->state,
    .full_started_usecs = bk_tree_backup_started (run->chain->full),
    .last_started_usecs = bk_tree_backup_started (run->chain->last),
    .last_sequence = run->chain->last_sequence,
  };
  return check_sources (run, error);
}

/**
 * bk_tree_backup_decide:
 * @run: after bk_tree_backup_observe(); gets the plan, the names and the time of creation
 *
 * Names and times of creation sort as the backups were made: a second one in the same second, or one
 * after the clock went back, is called as if it were a second after the one before. When its scan
 * began is recorded as it was.
 */
void
bk_tree_backup_decide (BkTreeBackupRun *run)
{
  GPtrArray *generations = run->chain->generations;
  gint64 usecs = run->facts.now_usecs;

  run->created_usecs = usecs;
  run->plan = bk_generation_decide (&run->facts);
  for (guint i = 0; i < run->chain->backups->len; i++)
    {
      const BkBackup *backup = g_ptr_array_index (run->chain->backups, i);
      gint64 taken_usecs = bk_time_from_dashed (backup->id);

      if (taken_usecs != BK_TIME_INVALID)
        usecs = MAX (usecs, taken_usecs + G_USEC_PER_SEC);
      run->created_usecs = MAX (run->created_usecs, backup->created_usecs + 1000);
    }
  g_free (run->id);
  run->id = bk_time_to_dashed (usecs);

  g_free (run->generation);
  if (!run->plan.is_full)
    {
      run->generation = g_strdup (g_ptr_array_index (generations, generations->len - 1));
      return;
    }
  g_autoptr (GStrvBuilder) taken = g_strv_builder_new ();
  for (guint i = 0; i < generations->len; i++)
    g_strv_builder_add (taken, g_ptr_array_index (generations, i));
  g_auto (GStrv) names = g_strv_builder_end (taken);
  run->generation = bk_generation_name (usecs, (const char *const *) names);
}
