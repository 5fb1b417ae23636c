#include "ops/job/job.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "base/watch.h"
#include "format/json.h"
#include "store/log/reader.h"

#include <string.h>

/* A process that dies closes its lock, which is an event; the kernel says so a moment before the
 * lock is free, hence the second look soon after, and one now and then to be sure. */
#define SOON_MSECS 50
#define NOW_AND_THEN_MSECS 1000

/* Lines of the job can carry an earlier time than its record if the clock stepped back. */
#define SLACK_USECS (24 * 60 * 60 * (gint64) G_USEC_PER_SEC)

/**
 * bk_job_set_error:
 * @job: one that is over
 *
 * Returns: %TRUE when it went well; else %FALSE, and what it ended with.
 */
gboolean
bk_job_set_error (const BkJob *job, GError **error)
{
  if (job->state == BK_JOB_COMPLETED)
    return TRUE;
  bk_set_error (error, bk_error_from_problem (job->problem), "%s",
                job->message != NULL
                    ? job->message
                    : _ ("The job failed and recorded no reason; its log may tell more"));
  return FALSE;
}

/* Tells of @job if it is not what was told last. */
static gboolean
tell_if_new (const BkJob *job, const BkJobWatcher *watcher, char **told, GError **error)
{
  g_autoptr (JsonNode) view = bk_job_to_json (job);
  g_autofree char *text = bk_json_to_text (view, FALSE);

  if (g_strcmp0 (text, *told) == 0)
    return TRUE;
  g_free (*told);
  *told = g_steal_pointer (&text);
  return watcher->changed (job, watcher->user_data, error);
}

static BkLogReader *
reader_of (BkJobStore *store, const char *id, int log_dirfd, GError **error)
{
  g_autoptr (BkJob) job = bk_job_store_read_stored (store, id, error);
  g_autoptr (BkLogFilter) filter = bk_log_filter_new ();

  if (job == NULL)
    return NULL;
  filter->job_id = g_strdup (id);
  filter->since_usecs = MAX (job->created_usecs - SLACK_USECS, 1);
  return bk_log_reader_new (log_dirfd, filter);
}

static gboolean
note_events (BkWatch *watch,
             int log_watch,
             BkLogReader *reader,
             const char *id,
             gboolean *may_have_died,
             GError **error)
{
  BkWatchEvent event;

  *may_have_died = FALSE;
  while (bk_watch_take (watch, &event))
    {
      if (event.id == log_watch)
        bk_log_reader_touch (reader, event.name);
      else if (event.id < 0 && !bk_log_reader_scan (reader, error))
        return FALSE;
      else if (g_str_has_prefix (event.name, id) &&
               g_str_has_suffix (event.name, BK_JOB_LOCK_SUFFIX))
        *may_have_died = TRUE;
    }
  return TRUE;
}

/**
 * bk_job_follow:
 * @log_dir: the directory of logs
 * @watcher: told of each change of the job, the state it is in first, and of every line of its log
 *   once, from the job's beginning on, in order
 *
 * Goes on until the job is over. Whoever else follows sees the same: all of them read what the
 * job's process writes.
 *
 * Errors: cancellation of the watch, which does nothing to the job; %BK_ERROR_NOT_FOUND. That the
 *   job failed is no error here; see bk_job_set_error().
 *
 * Returns: (transfer full) (nullable): the job as it ended.
 */
BkJob *
bk_job_follow (BkJobStore *store,
               const char *id,
               const char *log_dir,
               const BkJobWatcher *watcher,
               GCancellable *cancellable,
               GError **error)
{
  g_autofree char *told = NULL;
  autofd int log_dirfd = bk_log_dir_open (log_dir, error);
  g_autoptr (BkLogReader) reader = log_dirfd < 0 ? NULL : reader_of (store, id, log_dirfd, error);
  g_autoptr (BkWatch) watch = reader == NULL ? NULL : bk_watch_new (error);

  if (watch == NULL || bk_watch_add_directory (watch, bk_job_store_fd (store), error) < 0)
    return NULL;
  int log_watch = bk_watch_add_directory (watch, log_dirfd, error);
  if (log_watch < 0 || !bk_log_reader_scan (reader, error))
    return NULL;

  while (TRUE)
    {
      gboolean may_have_died;
      g_autoptr (BkJob) job = bk_job_store_read (store, id, g_get_real_time (), error);

      /* The log after the state: when that says it is over, all lines are there, though perhaps
       * not yet the news of them. */
      if (job == NULL || (bk_job_is_over (job) && !bk_log_reader_scan (reader, error)) ||
          !note_events (watch, log_watch, reader, id, &may_have_died, error) ||
          !bk_log_reader_drain (reader, watcher->log, watcher->user_data, cancellable, error) ||
          !tell_if_new (job, watcher, &told, error))
        return NULL;
      if (bk_job_is_over (job))
        return g_steal_pointer (&job);
      if (!bk_watch_wait (watch, may_have_died ? SOON_MSECS : NOW_AND_THEN_MSECS, cancellable,
                          error))
        return NULL;
    }
}

/* What was told of the jobs: id → the view's text; and the ids of those to look at again. */
typedef struct
{
  GHashTable *told;
  GHashTable *live;
} Overview;

static gboolean
look_at (Overview *overview,
         BkJobStore *store,
         const char *id,
         const BkJobWatcher *watcher,
         GError **error)
{
  g_autoptr (BkJob) job = bk_job_store_read (store, id, g_get_real_time (), NULL);

  if (job == NULL)
    {
      g_hash_table_remove (overview->live, id);
      g_hash_table_remove (overview->told, id);
      return TRUE;
    }

  char *text = g_strdup (g_hash_table_lookup (overview->told, id));
  gboolean success = tell_if_new (job, watcher, &text, error);
  g_hash_table_insert (overview->told, g_strdup (id), text);
  if (bk_job_is_over (job))
    g_hash_table_remove (overview->live, id);
  else
    g_hash_table_add (overview->live, g_strdup (id));
  return success;
}

static gboolean
look_at_all (Overview *overview, BkJobStore *store, const BkJobWatcher *watcher, GError **error)
{
  g_autoptr (GPtrArray) jobs = bk_job_store_list (store, g_get_real_time (), error);

  for (guint i = 0; jobs != NULL && i < jobs->len; i++)
    {
      const BkJob *job = g_ptr_array_index (jobs, i);

      if (!look_at (overview, store, job->id, watcher, error))
        return FALSE;
    }
  return jobs != NULL;
}

static gboolean
look_at_changed (Overview *overview,
                 BkJobStore *store,
                 BkWatch *watch,
                 const BkJobWatcher *watcher,
                 GError **error)
{
  g_autoptr (GList) ids = NULL;
  BkWatchEvent event;

  while (bk_watch_take (watch, &event))
    {
      if (event.id < 0)
        return look_at_all (overview, store, watcher, error);

      /* Any of a job's files; the lock's closing may mean that its process is gone. */
      g_autofree char *id = g_strndup (event.name, strcspn (event.name, "."));
      if (bk_job_id_is_valid (id))
        g_hash_table_add (overview->live, g_steal_pointer (&id));
    }
  ids = g_hash_table_get_keys (overview->live);
  for (GList *l = ids; l != NULL; l = l->next)
    {
      g_autofree char *id = g_strdup (l->data);

      if (!look_at (overview, store, id, watcher, error))
        return FALSE;
    }
  return TRUE;
}

/**
 * bk_job_watch_all:
 * @watcher: told of each job there is, then (settled()) that those were all, and then of each
 *   change of one; its log() is not used
 *
 * Goes on until it is cancelled. A job that history lets go is not mentioned again.
 *
 * Returns: %FALSE, always: by cancellation or another error.
 */
gboolean
bk_job_watch_all (BkJobStore *store,
                  const BkJobWatcher *watcher,
                  GCancellable *cancellable,
                  GError **error)
{
  g_autoptr (GHashTable) told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GHashTable) live = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (BkWatch) watch = bk_watch_new (error);
  Overview overview = { told, live };

  if (watch == NULL || bk_watch_add_directory (watch, bk_job_store_fd (store), error) < 0 ||
      !look_at_all (&overview, store, watcher, error) ||
      !watcher->settled (watcher->user_data, error))
    return FALSE;
  do
    {
      int timeout_msecs = g_hash_table_size (live) > 0 ? NOW_AND_THEN_MSECS : -1;

      if (!bk_watch_wait (watch, timeout_msecs, cancellable, error))
        return FALSE;
    }
  while (look_at_changed (&overview, store, watch, watcher, error));
  return FALSE;
}
