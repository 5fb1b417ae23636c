/* Making the backup that was decided on: its archive and manifest, and the metadata that makes them
 * count. */
#include "ops/tree/backup-private.h"

#include "base/atomic-file.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "base/path.h"
#include "format/json.h"
#include "format/metadata.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define GENERATION_MODE 0700
#define METADATA_MODE 0600

static char *
archive_name (const BkTreeBackupRun *run)
{
  return g_strdup_printf ("%s.%s.%s", run->id, run->plan.is_full ? "full" : "incr",
                          bk_tree_compression_suffix (run->request->storage->is_gzip
                                                          ? BK_TREE_COMPRESSION_GZIP
                                                          : BK_TREE_COMPRESSION_ZSTD));
}

static char *
manifest_name (const BkTreeBackupRun *run)
{
  return g_strconcat (run->id, ".manifest.nbkm", NULL);
}

static BkTreeWritten *
write_into (BkTreeBackupRun *run,
            int dirfd,
            BkNbkmReader *previous,
            GCancellable *cancellable,
            GError **error)
{
  const BkTreeTask *task = run->request->task;
  g_autofree char *archive = archive_name (run);
  g_autofree char *manifest = manifest_name (run);
  const BkTreeRules rules = {
    .sources = run->sources,
    .excludes = task->excludes[0] != NULL ? run->excludes : NULL,
    .mounts = run->mounts[0] != NULL ? (const char *const *) run->mounts : NULL,
    .larger_than_bytes = task->larger_than_bytes,
    .one_file_system = task->one_file_system,
    .skip_caches = task->skip_caches,
  };
  const BkTreeWriteRequest request = {
    .dirfd = dirfd,
    .archive_name = archive,
    .manifest_name = manifest,
    .rules = &rules,
    .archive_options = { .compression = run->request->storage->is_gzip ? BK_TREE_COMPRESSION_GZIP
                                                                       : BK_TREE_COMPRESSION_ZSTD },
    .previous = previous,
    .sequence = run->plan.sequence,
    .use_ctime = task->use_ctime,
    .project_id = run->request->project_id,
    .backup_id = run->id,
    .reporter = run->request->reporter,
  };
  BkTreeWritten *written = bk_tree_write (&request, cancellable, error);

  if (written != NULL && run->plan.is_warning)
    bk_tree_written_warn (written, &request,
                          run->plan.is_full ? _ ("A full was made: %s")
                                            : _ ("An incremental was made: %s"),
                          bk_generation_reason_explain (run->plan.reason));
  if (written == NULL)
    {
      unlinkat (dirfd, archive, 0);
      unlinkat (dirfd, manifest, 0);
    }
  return written;
}

static JsonArray *
texts_to_json (const char *const *texts, guint count)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < count; i++)
    {
      if (g_utf8_validate (texts[i], -1, NULL))
        json_array_add_string_element (array, texts[i]);
    }
  return array;
}

static JsonObject *
make_extra (const BkTreeBackupRun *run, const BkTreeWritten *written)
{
  JsonObject *extra = json_object_new ();

  json_object_set_string_member (extra, "step", run->plan.is_full ? "full" : "incremental");
  json_object_set_string_member (extra, "generation", run->generation);
  json_object_set_int_member (extra, "sequence", run->plan.sequence);
  json_object_set_int_member (extra, "scan_started_nsec", written->start_nsec);
  json_object_set_string_member (extra, "reason",
                                 bk_generation_reason_to_string (run->plan.reason));
  json_object_set_boolean_member (extra, "protected", FALSE);
  json_object_set_int_member (extra, "entries", (gint64) written->entries_count);
  json_object_set_int_member (extra, "added", (gint64) written->added_count);
  json_object_set_int_member (extra, "modified", (gint64) written->modified_count);
  json_object_set_int_member (extra, "deleted", (gint64) written->deleted_count);
  json_object_set_int_member (extra, "unchanged", (gint64) written->unchanged_count);
  json_object_set_int_member (extra, "carried", (gint64) written->carried_count);
  json_object_set_array_member (extra, "sources",
                                texts_to_json ((const char *const *) run->request->task->sources,
                                               g_strv_length (run->request->task->sources)));
  json_object_set_array_member (
      extra, "mounts",
      texts_to_json ((const char *const *) written->mounts, g_strv_length (written->mounts)));
  json_object_set_int_member (extra, "warnings_count", (gint64) written->warnings_count);
  json_object_set_array_member (
      extra, "warnings",
      texts_to_json ((const char *const *) written->warnings->pdata, written->warnings->len));
  return extra;
}

static BkBackup *
make_backup (const BkTreeBackupRun *run, const BkTreeWritten *written)
{
  BkBackup *backup = bk_backup_new (run->id, run->request->project_id,
                                    run->plan.is_full ? BK_BACKUP_FULL : BK_BACKUP_INCREMENTAL);
  g_autofree char *archive = archive_name (run);
  g_autofree char *manifest = manifest_name (run);

  backup->status = BK_BACKUP_COMPLETED;
  backup->created_usecs = run->created_usecs;
  backup->completed_usecs = MAX (g_get_real_time (), run->created_usecs);
  if (!run->plan.is_full)
    backup->parent_backup_id = g_strdup (run->chain->last->id);
  bk_backup_add_file (backup, archive, written->archive_bytes, written->archive_sha256);
  bk_backup_add_file (backup, manifest, written->manifest_bytes, written->manifest_sha256);
  backup->checksum = bk_backup_files_checksum (backup);
  backup->extra = make_extra (run, written);
  backup->directory = g_strconcat (run->request->project_id, "/", run->generation, NULL);
  return backup;
}

static gboolean
write_metadata (int dirfd, const BkBackup *backup, GError **error)
{
  g_autofree char *name = g_strconcat (backup->id, ".metadata.json", NULL);
  g_autoptr (JsonNode) node = bk_metadata_to_json (backup, TRUE);
  g_autofree char *text = bk_json_to_text (node, TRUE);

  return bk_atomic_write (dirfd, name, text, strlen (text), METADATA_MODE, error);
}

static gboolean
make_full (BkTreeBackupRun *run,
           BkTreeBackupResult *result,
           GCancellable *cancellable,
           GError **error)
{
  g_autofree char *temporary = g_strconcat (BK_TEMPORARY_PREFIX, run->generation, NULL);
  autofd int dirfd = bk_make_directory_at (run->project_fd, temporary, GENERATION_MODE, error);

  if (dirfd < 0)
    return FALSE;
  result->written = write_into (run, dirfd, NULL, cancellable, error);
  if (result->written != NULL)
    {
      result->backup = make_backup (run, result->written);
      if (write_metadata (dirfd, result->backup, error) &&
          (renameat2 (run->project_fd, temporary, run->project_fd, run->generation,
                      RENAME_NOREPLACE) == 0 ||
           bk_error_set_errno (error, errno, "The generation “%s” cannot be finished",
                               run->generation)))
        return bk_sync_directory (run->project_fd, run->generation, error);
    }
  bk_remove_tree_at (run->project_fd, temporary, NULL);
  return FALSE;
}

/* Whether an error is about the manifest before, and not about what is written now. */
static gboolean
make_incremental (BkTreeBackupRun *run,
                  BkTreeBackupResult *result,
                  gboolean *manifest_is_broken,
                  GCancellable *cancellable,
                  GError **error)
{
  const BkBackupFile *previous = bk_tree_backup_file (run->chain->last, TRUE);
  autofd int dirfd = bk_open_directory_at (run->project_fd, run->generation, error);
  autofd int manifest = dirfd < 0 ? -1 : bk_open_file_at (dirfd, previous->path, error);
  g_autoptr (GError) local = NULL;

  if (manifest < 0)
    return FALSE;
  g_autoptr (BkNbkmReader) reader = bk_nbkm_reader_new (manifest, previous->path, &local);
  if (reader != NULL)
    result->written = write_into (run, dirfd, reader, cancellable, &local);
  if (result->written == NULL)
    {
      *manifest_is_broken = g_error_matches (local, BK_ERROR, BK_ERROR_INTEGRITY) ||
                            g_error_matches (local, BK_ERROR, BK_ERROR_UNSUPPORTED);
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  result->backup = make_backup (run, result->written);
  return write_metadata (dirfd, result->backup, error);
}

/**
 * bk_tree_backup_execute:
 * @run: after bk_tree_backup_decide(), which is taken again if the manifest before is broken
 * @result: gets the backup and what was written
 *
 * That the manifest is broken shows while it is read, often only at its end: no pass of its own is
 * spent on it. What was written beside it is dropped, and a full follows.
 */
gboolean
bk_tree_backup_execute (BkTreeBackupRun *run,
                        BkTreeBackupResult *result,
                        GCancellable *cancellable,
                        GError **error)
{
  g_autoptr (GError) local = NULL;
  gboolean manifest_is_broken = FALSE;

  if (run->plan.is_full)
    return make_full (run, result, cancellable, error);
  if (make_incremental (run, result, &manifest_is_broken, cancellable, &local))
    return TRUE;
  if (!manifest_is_broken)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  bk_reporter_message (run->request->reporter, BK_LOG_WARNING, run->request->project_id, run->id,
                       "tree.decide", "%s A full in a new generation follows.", local->message);
  run->facts.chain = BK_CHAIN_MANIFEST_BROKEN;
  bk_tree_backup_decide (run);
  /* What the broken generation knew of mounts is no help to a full. */
  return make_full (run, result, cancellable, error);
}
