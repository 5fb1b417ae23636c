#include "ops/tree-backup.h"

#include "base/atomic-file.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/timestamp.h"
#include "format/json.h"
#include "format/metadata.h"
#include "ops/tree-chain.h"
#include "ops/tree-clean.h"
#include "store/catalogue.h"
#include "store/tree-sources.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define GENERATION_MODE 0700
#define METADATA_MODE 0600

typedef struct
{
  const BkTreeBackupRequest *request;
  int project_fd;
  BkTreeChain *chain;
  GStrv sources;
  GStrv mounts; /* of the newest backup */
  BkTreeExcludes *excludes;
  BkGenerationFacts facts;
  BkGenerationPlan plan;
  char *generation;
  char *id;
  gint64 created_usecs;
} Run;

static void
run_clear (Run *run)
{
  bk_fd_clear (&run->project_fd);
  g_clear_pointer (&run->chain, bk_tree_chain_free);
  g_clear_pointer (&run->sources, g_strfreev);
  g_clear_pointer (&run->mounts, g_strfreev);
  g_clear_pointer (&run->excludes, bk_tree_excludes_free);
  g_clear_pointer (&run->generation, g_free);
  g_clear_pointer (&run->id, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

void
bk_tree_backup_result_free (BkTreeBackupResult *result)
{
  g_free (result->generation);
  g_strfreev (result->rotated);
  g_clear_pointer (&result->backup, bk_backup_free);
  g_clear_pointer (&result->written, bk_tree_written_free);
  g_free (result);
}

/* ---- observe ---- */

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
check_sources (Run *run, GError **error)
{
  const char *const *sources = (const char *const *) run->sources;
  guint missing = bk_tree_sources_count_missing (sources);

  if (missing == g_strv_length (run->sources))
    {
      g_set_error (
          error, BK_ERROR, BK_ERROR_NOT_FOUND,
          "“%s” was not backed up: none of its sources is there. Mount them, or name others "
          "in the settings",
          run->request->task->name);
      return FALSE;
    }
  run->facts.sources_missing =
      missing > 0 || bk_tree_mounts_are_missing ((const char *const *) run->mounts);
  return TRUE;
}

static gboolean
observe (Run *run, GError **error)
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

/* ---- decide ---- */

/* Names and times of creation sort as the backups were made: a second one in the same second, or
 * one after the clock went back, is called as if it were a second after the one before. When its
 * scan began is recorded as it was. */
static void
decide (Run *run)
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

/* ---- execute ---- */

static char *
archive_name (const Run *run)
{
  return g_strdup_printf ("%s.%s.%s", run->id, run->plan.is_full ? "full" : "incr",
                          bk_tree_compression_suffix (run->request->storage->is_gzip
                                                          ? BK_TREE_COMPRESSION_GZIP
                                                          : BK_TREE_COMPRESSION_ZSTD));
}

static char *
manifest_name (const Run *run)
{
  return g_strconcat (run->id, ".manifest.nbkm", NULL);
}

static BkTreeWritten *
write_into (Run *run, int dirfd, BkNbkmReader *previous, GCancellable *cancellable, GError **error)
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
    bk_tree_written_warn (written, &request, "A %s was made: %s",
                          run->plan.is_full ? "full" : "incremental",
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
make_extra (const Run *run, const BkTreeWritten *written)
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
make_backup (const Run *run, const BkTreeWritten *written)
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
make_full (Run *run, BkTreeBackupResult *result, GCancellable *cancellable, GError **error)
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
make_incremental (Run *run,
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

/* That the manifest is broken shows while it is read, often only at its end: no pass of its own is
 * spent on it. What was written beside it is dropped, and the decision taken again. */
static gboolean
execute (Run *run, BkTreeBackupResult *result, GCancellable *cancellable, GError **error)
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
  decide (run);
  /* What the broken generation knew of mounts is no help to a full. */
  return make_full (run, result, cancellable, error);
}

/* ---- rotate ---- */

static void
add_to_chain (Run *run, const BkBackup *backup)
{
  BkBackup *copy = bk_backup_copy (backup);

  g_ptr_array_add (run->chain->backups, copy);
  if (run->plan.is_full)
    g_ptr_array_add (run->chain->generations, g_strdup (run->generation));
}

static gboolean
verify_new_full (Run *run, const BkBackup *backup, GCancellable *cancellable, GError **error)
{
  autofd int dirfd = bk_open_directory_at (run->project_fd, run->generation, error);

  if (dirfd < 0)
    return FALSE;
  if (bk_tree_verify_backup (dirfd, backup, cancellable, error))
    return TRUE;
  /* A full that does not read back must not be what the next incremental builds on. */
  bk_tree_remove_generation (run->project_fd, run->generation, NULL);
  return FALSE;
}

static gboolean
rotate (Run *run, BkTreeBackupResult *result, GCancellable *cancellable, GError **error)
{
  guint max_count = run->request->storage->max_count;
  BkReporter *reporter = run->request->reporter;

  result->rotated = g_new0 (char *, 1);
  if (!run->plan.is_full)
    return TRUE;
  add_to_chain (run, result->backup);

  g_auto (GStrv) due = bk_tree_rotate (run->project_fd, run->chain, max_count, TRUE, error);
  if (due == NULL)
    return FALSE;
  if (due[0] == NULL)
    return TRUE;
  if (result->written->source_missing)
    {
      bk_reporter_message (
          reporter, BK_LOG_WARNING, run->request->project_id, run->id, "tree.rotate",
          "No generation was removed: this full lacks a source that older ones have");
      return TRUE;
    }
  if (!verify_new_full (run, result->backup, cancellable, error))
    return FALSE;
  g_clear_pointer (&result->rotated, g_strfreev);
  result->rotated = bk_tree_rotate (run->project_fd, run->chain, max_count, FALSE, error);
  if (result->rotated == NULL)
    return FALSE;
  for (char **name = result->rotated; *name != NULL; name++)
    bk_reporter_message (reporter, BK_LOG_INFO, run->request->project_id, NULL, "tree.rotate",
                         "The generation “%s” was removed: %u are kept", *name, max_count);
  return TRUE;
}

/* ---- the operation ---- */

/**
 * bk_tree_project_id:
 *
 * Returns: (transfer full): tree/<agent>/<name>; the agent is this host where none is set.
 */
char *
bk_tree_project_id (const BkTreeTask *task)
{
  return g_strconcat ("tree/", task->agent != NULL ? task->agent : g_get_host_name (), "/",
                      task->name, NULL);
}

/**
 * bk_tree_backup_plan:
 *
 * Changes nothing, not even what an interrupted run left.
 *
 * Returns: (transfer full) (nullable): what bk_tree_backup_run() would do now.
 */
BkTreeBackupResult *
bk_tree_backup_plan (const BkTreeBackupRequest *request, GError **error)
{
  g_auto (Run) run = { .request = request, .project_fd = -1 };
  g_autoptr (GError) local = NULL;

  run.project_fd = bk_repository_open_project (request->repository, request->project_id, &local);
  if (run.project_fd < 0 && !g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }

  g_autoptr (BkTreeBackupResult) result = g_new0 (BkTreeBackupResult, 1);
  if (run.project_fd < 0)
    {
      result->plan = bk_generation_decide (&(BkGenerationFacts){ .chain = BK_CHAIN_NONE });
      result->generation = bk_generation_name (g_get_real_time (), (const char *const[]){ NULL });
      result->rotated = g_new0 (char *, 1);
      return g_steal_pointer (&result);
    }
  if (!observe (&run, error))
    return NULL;
  decide (&run);
  result->plan = run.plan;
  result->generation = g_strdup (run.generation);
  if (run.plan.is_full)
    {
      BkBackup *full = bk_backup_new (run.id, request->project_id, BK_BACKUP_FULL);

      full->status = BK_BACKUP_COMPLETED;
      full->directory = g_strconcat (request->project_id, "/", run.generation, NULL);
      full->extra = json_object_new ();
      json_object_set_int_member (full->extra, "sequence", 0);
      add_to_chain (&run, full);
      bk_backup_free (full);
    }
  result->rotated = run.plan.is_full ? bk_tree_rotate (run.project_fd, run.chain,
                                                       request->storage->max_count, TRUE, error)
                                     : g_new0 (char *, 1);
  return result->rotated != NULL ? g_steal_pointer (&result) : NULL;
}

static void
report_end (const Run *run, const BkTreeBackupResult *result)
{
  g_autofree char *size = g_format_size (result->backup->size_bytes);
  g_autofree char *message = g_strdup_printf (
      "%s completed: %s in %.1f s; %" G_GUINT64_FORMAT " entries, %" G_GUINT64_FORMAT
      " added, %" G_GUINT64_FORMAT " modified, %" G_GUINT64_FORMAT " deleted",
      run->plan.is_full ? "Full" : "Incremental", size,
      (gdouble) result->duration_usecs / G_USEC_PER_SEC, result->written->entries_count,
      result->written->added_count, result->written->modified_count,
      result->written->deleted_count);

  bk_reporter_log (
      run->request->reporter,
      &(BkLogEntry){ .level = BK_LOG_INFO,
                     .project_id = run->request->project_id,
                     .backup_id = run->id,
                     .action = run->plan.is_full ? "backup.full" : "backup.incremental",
                     .status = "ok",
                     .message = message });
}

/**
 * bk_tree_backup_run:
 *
 * Errors: %BK_ERROR_BUSY at once if another run holds the project; %BK_ERROR_NOT_FOUND if no source
 *   is there; %BK_ERROR_NO_SPACE and the like leave everything as it was. What is wrong with single
 *   files is a warning.
 *
 * Returns: (transfer full) (nullable)
 */
BkTreeBackupResult *
bk_tree_backup_run (const BkTreeBackupRequest *request, GCancellable *cancellable, GError **error)
{
  gint64 start_usecs = g_get_monotonic_time ();
  g_auto (Run) run = { .request = request, .project_fd = -1 };
  g_autoptr (BkTreeBackupResult) result = g_new0 (BkTreeBackupResult, 1);
  g_autoptr (BkLock) lock =
      bk_repository_lock_project (request->repository, request->project_id, request->job_id, error);

  if (lock == NULL)
    return NULL;
  run.project_fd = bk_repository_open_project (request->repository, request->project_id, error);
  if (run.project_fd < 0 || !bk_tree_remove_leftovers (run.project_fd, error) ||
      !observe (&run, error))
    return NULL;
  decide (&run);
  bk_reporter_message (request->reporter, run.plan.is_warning ? BK_LOG_WARNING : BK_LOG_INFO,
                       request->project_id, run.id, "tree.decide", "%s in %s: %s",
                       run.plan.is_full ? "Full" : "Incremental", run.generation,
                       bk_generation_reason_explain (run.plan.reason));
  if (!execute (&run, result, cancellable, error))
    return NULL;
  result->duration_usecs = g_get_monotonic_time () - start_usecs;
  report_end (&run, result);
  if (!rotate (&run, result, cancellable, error))
    return NULL;
  result->plan = run.plan;
  result->generation = g_strdup (run.generation);
  result->duration_usecs = g_get_monotonic_time () - start_usecs;
  return g_steal_pointer (&result);
}
