/* The run: where the package gets to, its names, the metadata and the event; what is in it is for
 * backup-pack.c. */
#include "ops/event-log/backup-private.h"

#include "base/atomic-file.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "base/path.h"
#include "base/quantity.h"
#include "format/event-segment.h"
#include "format/event-snapshot.h"
#include "format/json.h"
#include "format/metadata.h"
#include "ops/event-log/verify.h"
#include "store/event-log/event-log.h"
#include "store/repository/repository.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define TRIES 5
#define SAME_SECOND_MAX 1000

void
bk_event_log_backup_result_free (BkEventLogBackupResult *result)
{
  g_free (result->project_id);
  g_free (result->backup_id);
  g_free (result->archive_path);
  g_free (result->manifest_path);
  g_free (result->sha256);
  g_clear_pointer (&result->manifest, bk_event_manifest_free);
  g_clear_pointer (&result->verdict, bk_chain_verdict_free);
  g_free (result);
}

/* A file without a name, so that a run that is killed leaves nothing; where the file system has no
 * such files, one with a temporary name. */
static int
open_unnamed (BkEventLogBackupRun *run, char **temporary, GError **error)
{
  int fd = openat (run->output_dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

  if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
    {
      *temporary = g_strdup_printf (BK_TEMPORARY_PREFIX "eventlog-%08x", g_random_int ());
      fd = openat (run->output_dirfd, *temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    }
  if (fd < 0)
    bk_error_set_errno (error, errno, "“%s” cannot be written to", run->output_path);
  return fd;
}

static int
give_name (BkEventLogBackupRun *run, int fd, const char *temporary, const char *name)
{
  g_autofree char *self = g_strdup_printf ("/proc/self/fd/%d", fd);

  if (temporary != NULL)
    return renameat2 (run->output_dirfd, temporary, run->output_dirfd, name, RENAME_NOREPLACE);
  return linkat (AT_FDCWD, self, run->output_dirfd, name, AT_SYMLINK_FOLLOW);
}

/* A name of its own for every run, also within one second: .2, .3 and so on come before the ending.
 *
 * Returns: (transfer full) (nullable): the name without ".tar.gz" */
static char *
publish_archive (BkEventLogBackupRun *run, int fd, const char *temporary, GError **error)
{
  g_autoptr (GDateTime) now = g_date_time_new_from_unix_utc (run->now_usecs / G_USEC_PER_SEC);
  g_autofree char *second = g_date_time_format (now, BK_EVENT_PACKAGE_PREFIX "%Y%m%d-%H%M%S");

  for (guint i = 1; i <= SAME_SECOND_MAX; i++)
    {
      g_autofree char *stem = i == 1 ? g_strdup (second) : g_strdup_printf ("%s.%u", second, i);
      g_autofree char *name = g_strconcat (stem, BK_EVENT_PACKAGE_SUFFIX, NULL);

      if (give_name (run, fd, temporary, name) == 0)
        return bk_sync_directory (run->output_dirfd, run->output_path, error)
                   ? g_steal_pointer (&stem)
                   : NULL;
      if (errno != EEXIST)
        break;
    }
  bk_error_set_errno (error, errno, "The package cannot be given its name in “%s”",
                      run->output_path);
  return NULL;
}

static JsonObject *
extra_of (const BkEventLogBackupResult *result)
{
  JsonObject *extra = json_object_new ();

  json_object_set_string_member (extra, "step", "event-log");
  json_object_set_int_member (extra, "total_events", (gint64) result->manifest->total_events);
  json_object_set_int_member (extra, "total_segments", (gint64) result->manifest->total_segments);
  bk_json_set_string_or_null (extra, "last_current_hash", result->manifest->last_current_hash);
  json_object_set_boolean_member (extra, "chain_valid", result->manifest->chain_valid_at_backup);
  return extra;
}

/* The commit record: with it the package is a backup of the repository. */
static gboolean
write_metadata (BkEventLogBackupRun *run, GBytes *manifest_bytes, GError **error)
{
  const BkEventLogBackupResult *result = run->result;
  g_autoptr (BkBackup) backup =
      bk_backup_new (result->backup_id, result->project_id, BK_BACKUP_FULL);
  g_autofree char *archive = g_path_get_basename (result->archive_path);
  g_autofree char *manifest = g_path_get_basename (result->manifest_path);
  g_autofree char *name = g_strdup_printf ("%s." BK_METADATA_NAME, result->backup_id);
  gsize length_bytes;
  const void *data = g_bytes_get_data (manifest_bytes, &length_bytes);
  g_autofree char *manifest_sha256 = bk_sha256_hex_of (data, length_bytes);

  backup->status = BK_BACKUP_COMPLETED;
  backup->created_usecs = run->now_usecs;
  backup->completed_usecs = g_get_real_time ();
  bk_backup_add_file (backup, archive, result->size_bytes, result->sha256);
  bk_backup_add_file (backup, manifest, length_bytes, manifest_sha256);
  backup->checksum = bk_backup_files_checksum (backup);
  backup->extra = extra_of (result);

  g_autoptr (JsonNode) node = bk_metadata_to_json (backup, TRUE);
  g_autofree char *text = bk_json_to_text (node, TRUE);
  return bk_atomic_write (run->output_dirfd, name, text, strlen (text), 0600, error);
}

static gboolean
publish (
    BkEventLogBackupRun *run, int fd, const char *temporary, GBytes *manifest_bytes, GError **error)
{
  BkEventLogBackupResult *result = run->result;
  gsize length_bytes;
  const void *data = g_bytes_get_data (manifest_bytes, &length_bytes);

  result->backup_id = publish_archive (run, fd, temporary, error);
  if (result->backup_id == NULL)
    return FALSE;

  g_autofree char *archive = g_strconcat (result->backup_id, BK_EVENT_PACKAGE_SUFFIX, NULL);
  g_autofree char *manifest = g_strconcat (result->backup_id, BK_EVENT_MANIFEST_SUFFIX, NULL);
  result->archive_path = g_build_filename (run->output_path, archive, NULL);
  result->manifest_path = g_build_filename (run->output_path, manifest, NULL);
  bk_event_log_backup_say (run, "2. Naming the package and its manifest");
  bk_event_log_backup_say_file (run, archive, result->size_bytes);
  if (!bk_atomic_write (run->output_dirfd, manifest, data, length_bytes, 0600, error) ||
      (result->project_id != NULL && !write_metadata (run, manifest_bytes, error)))
    return FALSE;
  bk_event_log_backup_say_file (run, manifest, length_bytes);
  return TRUE;
}

static gboolean
backup_into (BkEventLogBackupRun *run, GError **error)
{
  g_autofree char *temporary = NULL;
  g_autoptr (GBytes) manifest_bytes = NULL;
  g_autoptr (GError) local_error = NULL;
  autofd int fd = open_unnamed (run, &temporary, error);
  gboolean written = FALSE;

  if (fd < 0)
    return FALSE;
  bk_event_log_backup_say (run, "Cold backup of an event log. Source: %s. Destination: %s",
                           run->data_dir, run->output_path);
  bk_event_log_backup_say (run, "1. Copying and verifying the log");
  for (guint i = 0; i < TRIES && !written; i++)
    {
      g_clear_error (&local_error);
      g_clear_pointer (&manifest_bytes, g_bytes_unref);
      if (ftruncate (fd, 0) < 0 || lseek (fd, 0, SEEK_SET) < 0)
        break;
      written = bk_event_log_backup_pack (run, fd, &manifest_bytes, &local_error);
      /* Another try only if pruning took a segment away that was listed. */
      if (!g_error_matches (local_error, BK_ERROR, BK_ERROR_NOT_FOUND) || run->view == NULL)
        break;
    }
  if (local_error != NULL)
    g_propagate_error (error, g_steal_pointer (&local_error));
  gboolean done = written && publish (run, fd, temporary, manifest_bytes, error);
  if (!done && temporary != NULL)
    unlinkat (run->output_dirfd, temporary, 0);
  return done;
}

static int
open_output (BkEventLogBackupRun *run, char **path, GError **error)
{
  const BkEventLogBackupRequest *request = run->request;

  if (request->output_dir != NULL)
    {
      *path = g_canonicalize_filename (request->output_dir, NULL);
      if (!bk_make_directories (*path, 0700))
        {
          bk_error_set_errno (error, errno, "The directory “%s” cannot be made", *path);
          return -1;
        }
      return bk_open_directory (*path, error);
    }

  g_autoptr (BkRepository) repository =
      bk_repository_open_or_create (request->settings->repository_dir, error);
  if (repository == NULL)
    return -1;
  run->result->project_id =
      g_strdup_printf ("event-log/%s", request->name == NULL ? "default" : request->name);
  *path = g_build_filename (bk_repository_path (repository), run->result->project_id, NULL);
  return bk_repository_make_project (repository, run->result->project_id, error);
}

/* Our own log may have no event yet: then it is empty, not missing. */
static gboolean
prepare_own_log (const char *data_dir, GError **error)
{
  if (!bk_make_directories (data_dir, BK_PASSABLE_MODE))
    return bk_error_set_errno (error, errno, "The directory “%s” cannot be made", data_dir);

  autofd int data_dirfd = bk_open_directory (data_dir, error);
  autofd int log_dirfd =
      data_dirfd < 0 ? -1 : bk_make_directory_at (data_dirfd, BK_EVENT_LOG_DIRECTORY, 0700, error);
  return log_dirfd >= 0;
}

static gboolean
record (BkEventLogBackupRun *run, GError **error)
{
  const BkEventLogBackupResult *result = run->result;
  g_autoptr (JsonObject) payload = extra_of (result);

  json_object_set_string_member (payload, "source_dir", run->data_dir);
  json_object_set_string_member (payload, "archive", result->archive_path);
  json_object_set_string_member (payload, "sha256", result->sha256);
  json_object_set_int_member (payload, "size_bytes", (gint64) result->size_bytes);
  return bk_event_record (run->request->settings->state_dir, run->request->actor, BK_EVENT_CREATED,
                          "event-log", result->backup_id, payload, error);
}

/**
 * bk_event_log_backup:
 * @now_usecs: the time in the package's name and manifest
 *
 * Makes a cold backup of an event log. Takes no lock and changes nothing in the log (but that the
 * backup is recorded in our own). A broken log is backed up too, and the manifest says so.
 *
 * Order: the package, whole and durable, gets its name; then the manifest beside it; then, in the
 * repository, metadata.json, which makes it a backup there.
 *
 * Returns: (transfer full) (nullable)
 */
BkEventLogBackupResult *
bk_event_log_backup (const BkEventLogBackupRequest *request,
                     gint64 now_usecs,
                     BkReporter *reporter,
                     GCancellable *cancellable,
                     GError **error)
{
  g_autoptr (BkEventLogBackupResult) result = g_new0 (BkEventLogBackupResult, 1);
  g_autofree char *data_dir = g_canonicalize_filename (
      request->data_dir == NULL ? request->settings->state_dir : request->data_dir, NULL);
  g_autofree char *output_path = NULL;
  BkEventLogBackupRun run = {
    .request = request,
    .data_dir = data_dir,
    .now_usecs = now_usecs,
    .reporter = reporter,
    .cancellable = cancellable,
    .result = result,
  };

  if (request->data_dir == NULL && !prepare_own_log (data_dir, error))
    return NULL;
  autofd int output_dirfd = open_output (&run, &output_path, error);
  if (output_dirfd < 0)
    return NULL;
  run.output_dirfd = output_dirfd;
  run.output_path = output_path;
  if (!backup_into (&run, error))
    return NULL;

  g_autofree char *description = bk_chain_verdict_describe (result->verdict);
  g_autofree char *size = bk_size_text (result->size_bytes);
  bk_event_log_backup_say (&run, "%s", description);
  bk_event_log_backup_say (&run, "Backup complete: %s (%s)", result->archive_path, size);
  if (!record (&run, error))
    {
      bk_prefix_error (error,
                       "The backup “%s” is complete, but was not recorded: ", result->archive_path);
      return NULL;
    }
  return g_steal_pointer (&result);
}
