#include "store/state/job-store.h"

#include "base/atomic-file.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "format/json.h"
#include "store/state/runtime-dir.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

struct _BkJobStore
{
  GObject parent;

  int dirfd;
};

G_DEFINE_FINAL_TYPE (BkJobStore, bk_job_store, G_TYPE_OBJECT)

static void
bk_job_store_finalize (GObject *object)
{
  bk_fd_clear (&BK_JOB_STORE (object)->dirfd);
  G_OBJECT_CLASS (bk_job_store_parent_class)->finalize (object);
}

static void
bk_job_store_class_init (BkJobStoreClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bk_job_store_finalize;
}

static void
bk_job_store_init (BkJobStore *self)
{
  self->dirfd = -1;
}

/**
 * bk_job_store_open:
 * @runtime_dir: see bk_runtime_dir_open(); into jobs/ nobody else may look
 *
 * Returns: (transfer full) (nullable): the store.
 */
BkJobStore *
bk_job_store_open (const char *runtime_dir, GError **error)
{
  autofd int dirfd = bk_runtime_dir_open_private (runtime_dir, "jobs", error);

  if (dirfd < 0)
    return NULL;

  BkJobStore *self = g_object_new (BK_TYPE_JOB_STORE, NULL);
  self->dirfd = bk_fd_steal (&dirfd);
  return self;
}

/**
 * bk_job_store_fd:
 *
 * Returns: the directory's handle, which the store keeps.
 */
int
bk_job_store_fd (BkJobStore *store)
{
  return store->dirfd;
}

static char *
name_of (const char *id, const char *suffix, GError **error)
{
  if (bk_job_id_is_valid (id))
    return g_strconcat (id, suffix, NULL);

  g_autofree char *line = bk_error_one_line (id);
  bk_set_error (error, BK_ERROR_NOT_FOUND, "There is no job “%s”", line);
  return NULL;
}

/**
 * bk_job_store_write:
 *
 * Puts @job in the place of what was there of it, in one step: a reader sees one or the other. A
 * result that is too large for a record is left out of it and said to be.
 */
gboolean
bk_job_store_write (BkJobStore *store, const BkJob *job, GError **error)
{
  g_autofree char *name = name_of (job->id, BK_JOB_RECORD_SUFFIX, error);
  g_autoptr (JsonNode) node = bk_job_to_record (job);
  g_autofree char *text = bk_json_to_text (node, FALSE);

  if (name == NULL)
    return FALSE;
  if (strlen (text) > BK_JOB_RECORD_MAX_BYTES)
    {
      JsonObject *cut = json_object_new ();

      json_object_set_boolean_member (cut, "truncated", TRUE);
      json_object_set_object_member (json_node_get_object (node), "result", cut);
      g_free (text);
      text = bk_json_to_text (node, FALSE);
    }
  if (strlen (text) > BK_JOB_RECORD_MAX_BYTES)
    {
      bk_set_error (error, BK_ERROR_USAGE,
                    "A job of “%s” cannot be recorded: its parameters are too long", job->op);
      return FALSE;
    }
  return bk_atomic_write_volatile (store->dirfd, name, text, strlen (text), 0600, error);
}

/**
 * bk_job_store_read_stored:
 *
 * Returns: (transfer full) (nullable): the job as its process wrote it last.
 */
BkJob *
bk_job_store_read_stored (BkJobStore *store, const char *id, GError **error)
{
  g_autofree char *name = name_of (id, BK_JOB_RECORD_SUFFIX, error);
  g_autoptr (GError) local = NULL;

  if (name == NULL)
    return NULL;

  g_autoptr (GBytes) bytes =
      bk_read_small_file (store->dirfd, name, BK_JOB_RECORD_MAX_BYTES, &local);
  if (bytes == NULL)
    {
      if (g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND))
        bk_set_error (error, BK_ERROR_NOT_FOUND, "There is no job “%s” (any more)", id);
      else
        g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }

  gsize length_bytes;
  const char *text = g_bytes_get_data (bytes, &length_bytes);
  g_autoptr (BkJob) job = bk_job_from_record (text == NULL ? "" : text, length_bytes, error);
  if (job == NULL)
    return NULL;
  if (strcmp (job->id, id) != 0)
    {
      bk_set_error (error, BK_ERROR_INTEGRITY, "The record of the job “%s” is of another", id);
      return NULL;
    }
  return g_steal_pointer (&job);
}

/**
 * bk_job_store_read:
 *
 * As bk_job_store_read_stored(), but a job whose record says it goes on and whose process is gone
 * is interrupted.
 */
BkJob *
bk_job_store_read (BkJobStore *store, const char *id, gint64 now_usecs, GError **error)
{
  g_autoptr (BkJob) job = bk_job_store_read_stored (store, id, error);

  if (job == NULL || bk_job_is_over (job) || bk_job_store_is_locked (store, id))
    return g_steal_pointer (&job);

  /* It may have ended between the two looks: its last word was written before its lock went. */
  BkJob *again = bk_job_store_read_stored (store, id, error);
  if (again != NULL)
    bk_job_observe_without_process (again, now_usecs);
  return again;
}

static int
compare_jobs (gconstpointer a, gconstpointer b)
{
  const BkJob *left = *(const BkJob *const *) a;
  const BkJob *right = *(const BkJob *const *) b;
  gboolean left_over = bk_job_is_over (left);

  if (left_over != bk_job_is_over (right))
    return left_over ? 1 : -1;
  return -strcmp (left->id, right->id);
}

/* The ids that have an entry with @suffix, oldest first. */
static GPtrArray *
list_ids (BkJobStore *store, const char *suffix, GError **error)
{
  g_autoptr (GPtrArray) names = bk_list_directory (store->dirfd, error);
  g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);

  if (names == NULL)
    return NULL;
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);

      if (!g_str_has_suffix (name, suffix))
        continue;
      g_autofree char *id = g_strndup (name, strlen (name) - strlen (suffix));
      if (bk_job_id_is_valid (id))
        g_ptr_array_add (ids, g_steal_pointer (&id));
    }
  return g_steal_pointer (&ids);
}

/**
 * bk_job_store_list:
 *
 * A record that cannot be read is passed over.
 *
 * Returns: (transfer full) (element-type BkJob) (nullable): the jobs that go on, then the others,
 *   the newest first in each.
 */
GPtrArray *
bk_job_store_list (BkJobStore *store, gint64 now_usecs, GError **error)
{
  g_autoptr (GPtrArray) ids = list_ids (store, BK_JOB_RECORD_SUFFIX, error);
  g_autoptr (GPtrArray) jobs = g_ptr_array_new_with_free_func ((GDestroyNotify) bk_job_free);

  if (ids == NULL)
    return NULL;
  for (guint i = 0; i < ids->len; i++)
    {
      BkJob *job = bk_job_store_read (store, g_ptr_array_index (ids, i), now_usecs, NULL);

      if (job != NULL)
        g_ptr_array_add (jobs, job);
    }
  g_ptr_array_sort (jobs, compare_jobs);
  return g_steal_pointer (&jobs);
}

/**
 * bk_job_store_lock:
 *
 * Returns: (transfer full) (nullable): what says, as long as its process lives, that the job does.
 */
BkLock *
bk_job_store_lock (BkJobStore *store, const char *id, GError **error)
{
  g_autofree char *name = name_of (id, BK_JOB_LOCK_SUFFIX, error);

  return name == NULL ? NULL : bk_lock_try (store->dirfd, name, id, NULL, error);
}

/**
 * bk_job_store_is_locked:
 *
 * Returns: whether the job's process lives.
 */
gboolean
bk_job_store_is_locked (BkJobStore *store, const char *id)
{
  g_autofree char *name = name_of (id, BK_JOB_LOCK_SUFFIX, NULL);

  return name != NULL && bk_lock_is_held (store->dirfd, name);
}

/**
 * bk_job_store_ask_to_cancel:
 *
 * By a file and not by a signal: a process id could be another process's by the time it is used.
 */
gboolean
bk_job_store_ask_to_cancel (BkJobStore *store, const char *id, GError **error)
{
  g_autofree char *name = name_of (id, BK_JOB_CANCEL_SUFFIX, error);

  if (name == NULL)
    return FALSE;
  autofd int fd = openat (store->dirfd, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return bk_error_set_errno (error, errno, "The job “%s” cannot be asked to stop", id);
  return TRUE;
}

/**
 * bk_job_store_is_asked_to_cancel:
 *
 * Returns: whether bk_job_store_ask_to_cancel() was called for it.
 */
gboolean
bk_job_store_is_asked_to_cancel (BkJobStore *store, const char *id)
{
  g_autofree char *name = name_of (id, BK_JOB_CANCEL_SUFFIX, NULL);

  return name != NULL && faccessat (store->dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/**
 * bk_job_store_forget:
 *
 * Removes a job from the history, unless a process holds it.
 */
void
bk_job_store_forget (BkJobStore *store, const char *id)
{
  static const char *const suffixes[] = { BK_JOB_RECORD_SUFFIX, BK_JOB_CANCEL_SUFFIX,
                                          BK_JOB_LOCK_SUFFIX };
  g_autoptr (BkLock) lock = bk_job_store_lock (store, id, NULL);

  for (guint i = 0; lock != NULL && i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *name = g_strconcat (id, suffixes[i], NULL);

      unlinkat (store->dirfd, name, 0);
    }
}

/**
 * bk_job_store_prune:
 *
 * Keeps of the jobs that are over the newest %BK_JOB_KEEP_COUNT of the last %BK_JOB_KEEP_DAYS. A
 * broken record goes as soon as its number is past that. What cannot be removed stays: history is
 * a comfort.
 */
void
bk_job_store_prune (BkJobStore *store, gint64 now_usecs)
{
  g_autoptr (GPtrArray) ids = list_ids (store, BK_JOB_RECORD_SUFFIX, NULL);
  g_autofree char *oldest =
      bk_job_id_new (now_usecs - BK_JOB_KEEP_DAYS * (gint64) 24 * 60 * 60 * G_USEC_PER_SEC, 0);
  guint kept_count = 0;

  for (guint i = ids == NULL ? 0 : ids->len; i > 0; i--)
    {
      const char *id = g_ptr_array_index (ids, i - 1);
      g_autoptr (BkJob) job = bk_job_store_read (store, id, now_usecs, NULL);

      if (job != NULL && !bk_job_is_over (job))
        continue;
      if (kept_count >= BK_JOB_KEEP_COUNT || strcmp (id, oldest) < 0)
        bk_job_store_forget (store, id);
      else
        kept_count++;
    }
}
