#include "ops/event-log/restore.h"

#include "base/atomic-file.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "base/lock.h"
#include "base/path.h"
#include "format/event-segment.h"
#include "format/event-snapshot.h"
#include "model/project.h"
#include "ops/event-log/verify.h"
#include "store/event-log/event-log.h"
#include "store/event-log/package.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define ACTION "event-log.restore"
#define STAGING_PREFIX BK_TEMPORARY_PREFIX "restore-"
#define OLD "old"

void
bk_event_log_restore_result_free (BkEventLogRestoreResult *result)
{
  g_free (result->package_path);
  g_free (result->target_dir);
  g_clear_pointer (&result->manifest, bk_event_manifest_free);
  g_clear_pointer (&result->verdict, bk_chain_verdict_free);
  g_free (result);
}

/* A package is named by its path, or by the id of its backup in the repository. */
static gboolean
find_package (const BkEventLogRestoreRequest *request, char **path, GError **error)
{
  g_autofree char *project_id = NULL;
  g_autofree char *backup_id = NULL;
  BkProjectKind kind;

  if (g_str_has_suffix (request->package, BK_EVENT_PACKAGE_SUFFIX) ||
      g_path_is_absolute (request->package))
    {
      *path = g_canonicalize_filename (request->package, NULL);
      return TRUE;
    }
  if (!bk_backup_full_id_split (request->package, &project_id, &backup_id, &kind, error))
    return FALSE;
  if (kind != BK_PROJECT_EVENT_LOG)
    {
      bk_set_error (error, BK_ERROR_USAGE, "“%s” is not the backup of an event log",
                    request->package);
      return FALSE;
    }
  *path = g_strdup_printf ("%s/%s/%s" BK_EVENT_PACKAGE_SUFFIX, request->settings->repository_dir,
                           project_id, backup_id);
  return TRUE;
}

/* backup-eventlog-….tar.gz has backup-eventlog-….manifest.json beside it, or not. */
static gboolean
read_manifest_beside (const char *package_path, GBytes **bytes, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (package_path);
  g_autofree char *name = g_path_get_basename (package_path);
  g_autoptr (GError) local_error = NULL;
  autofd int dirfd = bk_open_directory (folder, error);

  if (dirfd < 0)
    return FALSE;
  if (g_str_has_suffix (name, BK_EVENT_PACKAGE_SUFFIX))
    name[strlen (name) - strlen (BK_EVENT_PACKAGE_SUFFIX)] = '\0';
  g_autofree char *manifest = g_strconcat (name, BK_EVENT_MANIFEST_SUFFIX, NULL);

  *bytes = bk_read_small_file (dirfd, manifest, BK_EVENT_MANIFEST_MAX_BYTES, &local_error);
  if (*bytes != NULL || g_error_matches (local_error, BK_ERROR, BK_ERROR_NOT_FOUND))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* Whether @target_dir is there, and may be restored into. */
static gboolean
check_target (const char *target_dir, gboolean overwrite, gboolean *exists, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  autofd int dirfd = bk_open_directory (target_dir, &local_error);

  *exists = dirfd >= 0;
  if (g_error_matches (local_error, BK_ERROR, BK_ERROR_NOT_FOUND) &&
      !g_file_test (target_dir, G_FILE_TEST_EXISTS))
    return TRUE;
  if (dirfd < 0)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  g_autoptr (GPtrArray) names = bk_list_directory (dirfd, error);
  if (names == NULL)
    return FALSE;
  if (names->len == 0 || overwrite)
    return TRUE;
  bk_set_error (error, BK_ERROR_USAGE,
                "“%s” is not empty: nothing was restored. Choose another directory, or ask for "
                "--overwrite to replace the event log in it",
                target_dir);
  return FALSE;
}

/* The log as restored must be the one that the manifest sums up. */
static gboolean
check_summary (const BkEventLogRestoreResult *result, GError **error)
{
  const BkEventManifest *manifest = result->manifest;
  const BkChainVerdict *verdict = result->verdict;

  if (g_strcmp0 (manifest->last_current_hash, verdict->last_current_hash) == 0 &&
      g_strcmp0 (manifest->last_event_id, verdict->last_event_id) == 0 &&
      manifest->total_segments == verdict->segments_count)
    return TRUE;
  bk_set_error (error, BK_ERROR_INTEGRITY,
                "The package is refused: its manifest sums up another log: the last event is not "
                "the one it names");
  return FALSE;
}

static gboolean
check_staged (const BkEventLogRestoreRequest *request,
              BkEventLogRestoreResult *result,
              int staging_dirfd,
              GCancellable *cancellable,
              GError **error)
{
  g_autoptr (BkEventLogView) view =
      bk_event_log_view_open_at (staging_dirfd, result->package_path, error);

  if (view == NULL)
    return FALSE;
  result->verdict = bk_event_log_view_verify (view, FALSE, cancellable, error);
  if (result->verdict == NULL)
    return FALSE;
  if (request->accept_broken)
    return TRUE;
  if (!bk_chain_verdict_set_error (result->verdict, _ ("the log in the package"), error))
    {
      bk_prefix_error (error, "Nothing was restored. ");
      return FALSE;
    }
  return check_summary (result, error);
}

static int
make_staging (int parent_dirfd, char **name, GError **error)
{
  *name = g_strdup_printf (STAGING_PREFIX "%08x%08x", g_random_int (), g_random_int ());
  return bk_make_directory_at (parent_dirfd, *name, 0700, error);
}

/* Of a new directory: it appears whole, by one rename. */
static gboolean
restore_new (const BkEventLogRestoreRequest *request,
             BkEventLogRestoreResult *result,
             int package_fd,
             GCancellable *cancellable,
             GError **error)
{
  g_autofree char *parent = g_path_get_dirname (result->target_dir);
  g_autofree char *name = g_path_get_basename (result->target_dir);
  g_autofree char *staging = NULL;

  if (g_mkdir_with_parents (parent, 0755) < 0)
    return bk_error_set_errno (error, errno, "The directory “%s” cannot be made", parent);
  autofd int parent_dirfd = bk_open_directory (parent, error);
  autofd int staging_dirfd = parent_dirfd < 0 ? -1 : make_staging (parent_dirfd, &staging, error);
  if (staging_dirfd < 0)
    return FALSE;

  gboolean done =
      bk_event_package_extract (package_fd, result->manifest, staging_dirfd, cancellable, error) &&
      check_staged (request, result, staging_dirfd, cancellable, error);
  if (done && renameat2 (parent_dirfd, staging, parent_dirfd, name, RENAME_NOREPLACE) < 0)
    done = bk_error_set_errno (error, errno, "“%s” cannot be put in its place", result->target_dir);
  if (!done)
    {
      bk_remove_tree_at (parent_dirfd, staging, NULL);
      return FALSE;
    }
  return bk_sync_directory (parent_dirfd, parent, error);
}

static gboolean
move (int from_dirfd, const char *name, int to_dirfd, GError **error)
{
  if (renameat (from_dirfd, name, to_dirfd, name) == 0 || errno == ENOENT)
    return TRUE;
  return bk_error_set_errno (error, errno, "“%s” cannot be put in its place", name);
}

/* The new directory of segments takes the place of the old one, which goes to where the new was. */
static gboolean
swap_logs (int staging_dirfd, int target_dirfd, GError **error)
{
  static const char name[] = BK_EVENT_LOG_DIRECTORY;

  if (renameat2 (staging_dirfd, name, target_dirfd, name, RENAME_NOREPLACE) == 0)
    return TRUE;
  if (errno == EEXIST && renameat2 (staging_dirfd, name, target_dirfd, name, RENAME_EXCHANGE) == 0)
    return TRUE;
  return bk_error_set_errno (error, errno, "The restored log cannot be put in its place");
}

/* The snapshot and the anchor, which are missing where the log has none. */
static gboolean
move_small_files (int from_dirfd, int to_dirfd, GError **error)
{
  return move (from_dirfd, BK_EVENT_ANCHOR_NAME, to_dirfd, error) &&
         move (from_dirfd, BK_EVENT_SNAPSHOT_NAME, to_dirfd, error) &&
         bk_sync_directory (to_dirfd, _ ("the target"), error);
}

/* At every instant the target holds one whole log: the old one, then the old one without snapshot
 * and anchor (it verifies by its own events), then the new one so, then the new one. */
static gboolean
put_in_place (int staging_dirfd, int target_dirfd, GError **error)
{
  autofd int old_dirfd = bk_make_directory_at (staging_dirfd, OLD, 0700, error);

  if (old_dirfd < 0)
    return FALSE;
  if (!move_small_files (target_dirfd, old_dirfd, error) ||
      !bk_sync_directory (target_dirfd, _ ("the target"), error) ||
      !swap_logs (staging_dirfd, target_dirfd, error))
    {
      move_small_files (old_dirfd, target_dirfd, NULL);
      return FALSE;
    }
  return bk_sync_directory (target_dirfd, _ ("the target"), error) &&
         move_small_files (staging_dirfd, target_dirfd, error);
}

static void
remove_stale_staging (int target_dirfd)
{
  g_autoptr (GPtrArray) names = bk_list_directory (target_dirfd, NULL);

  for (guint i = 0; names != NULL && i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);

      if (g_str_has_prefix (name, STAGING_PREFIX))
        bk_remove_tree_at (target_dirfd, name, NULL);
    }
}

/* Of a directory that is there. Writers of the log in it wait meanwhile. */
static gboolean
restore_into (const BkEventLogRestoreRequest *request,
              BkEventLogRestoreResult *result,
              int package_fd,
              GCancellable *cancellable,
              GError **error)
{
  g_autofree char *staging = NULL;
  g_autoptr (BkLock) lock = NULL;
  autofd int target_dirfd = bk_open_directory (result->target_dir, error);

  if (target_dirfd < 0)
    return FALSE;
  if (request->overwrite)
    {
      lock = bk_lock_wait (target_dirfd, BK_EVENT_LOG_LOCK_NAME, error);
      if (lock == NULL)
        return FALSE;
      remove_stale_staging (target_dirfd);
    }
  autofd int staging_dirfd = make_staging (target_dirfd, &staging, error);
  if (staging_dirfd < 0)
    return FALSE;

  gboolean done =
      bk_event_package_extract (package_fd, result->manifest, staging_dirfd, cancellable, error) &&
      check_staged (request, result, staging_dirfd, cancellable, error) &&
      put_in_place (staging_dirfd, target_dirfd, error);
  bk_remove_tree_at (target_dirfd, staging, NULL);
  return done;
}

static gboolean
record (const BkEventLogRestoreRequest *request,
        const BkEventLogRestoreResult *result,
        GError **error)
{
  g_autoptr (JsonObject) payload = json_object_new ();

  json_object_set_string_member (payload, "package", result->package_path);
  json_object_set_boolean_member (payload, "overwrite", request->overwrite);
  json_object_set_int_member (payload, "total_events", (gint64) result->verdict->events_count);
  json_object_set_boolean_member (payload, "chain_valid", result->verdict->fault == BK_CHAIN_SOUND);
  if (bk_event_record (request->settings->state_dir, request->actor, BK_EVENT_LOG_RESTORED,
                       "event-log", result->target_dir, payload, error))
    return TRUE;
  bk_prefix_error (error,
                   "The log was restored to “%s”, but that was not recorded: ", result->target_dir);
  return FALSE;
}

static void
say (BkReporter *reporter, const char *message)
{
  bk_reporter_message (reporter, BK_LOG_INFO, "event-log/default", NULL, ACTION, "%s", message);
}

/**
 * bk_event_log_restore:
 *
 * Restores a cold backup. Every SHA-256 of the package is checked before a byte is written; then the
 * log is unpacked beside its place, its whole chain is verified and held against the manifest, and
 * only then is it put in its place, whole. In a directory that is not empty it replaces the event log
 * (and nothing else), if asked to.
 *
 * Errors: %BK_ERROR_INTEGRITY with the reason when the package is refused, %BK_ERROR_USAGE for a
 *   target that is not empty. In both cases the target is as it was.
 *
 * Returns: (transfer full) (nullable)
 */
BkEventLogRestoreResult *
bk_event_log_restore (const BkEventLogRestoreRequest *request,
                      BkReporter *reporter,
                      GCancellable *cancellable,
                      GError **error)
{
  g_autoptr (BkEventLogRestoreResult) result = g_new0 (BkEventLogRestoreResult, 1);
  g_autoptr (GBytes) beside = NULL;
  gboolean exists;

  result->target_dir = g_canonicalize_filename (request->target_dir, NULL);
  if (!find_package (request, &result->package_path, error) ||
      !check_target (result->target_dir, request->overwrite, &exists, error))
    return NULL;

  autofd int fd = open (result->package_path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0)
    {
      bk_error_set_errno (error, errno, "The package “%s” cannot be opened", result->package_path);
      return NULL;
    }
  if (!read_manifest_beside (result->package_path, &beside, error))
    return NULL;
  say (reporter, _ ("Checking the SHA-256 of every file in the package"));
  result->manifest = bk_event_package_check (fd, beside, cancellable, error);
  if (result->manifest == NULL)
    return NULL;
  say (reporter, _ ("Unpacking, and verifying the chain"));
  if (!(exists ? restore_into : restore_new) (request, result, fd, cancellable, error))
    return NULL;

  g_autofree char *description = bk_chain_verdict_describe (result->verdict);
  say (reporter, description);
  return record (request, result, error) ? g_steal_pointer (&result) : NULL;
}
