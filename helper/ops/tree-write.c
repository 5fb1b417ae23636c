#include "ops/tree-write.h"

#include "base/atomic-file.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "ops/tree-links.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* What waits for the archive before it can be recorded, at most. */
#define WAITING_BYTES_MAX (4 * 1024 * 1024)

/* How often, in steps of the walk, we look for news. */
#define STEPS_A_LOOK 512
#define PROGRESS_USECS (G_USEC_PER_SEC / 10)

/* An entry on its way into the manifest. Those that the archive takes are recorded when it says
 * what became of them; those behind them wait, because a manifest is in order. */
typedef struct
{
  BkTreeEntry entry;
  BkTreeEntry previous; /* what is recorded instead if it cannot be read; path NULL: nothing */
  guint64 device;
  guint64 inode;
  gboolean is_first_link;
  gboolean is_settled;
  gboolean is_dropped;
  char path[];
} Waiting;

typedef struct
{
  const BkTreeWriteRequest *request;
  BkTreeWritten *written;
  BkTreeScan *scan;
  BkNbkmWriter *manifest;
  BkTreeArchiveWriter *archive;
  BkTreeLinks *links;
  GQueue waiting; /* of Waiting, in order */
  gsize waiting_bytes;
  GError *error; /* of recording, from within the archive's report */
  gint64 next_progress_usecs;
} Run;

void
bk_tree_written_free (BkTreeWritten *written)
{
  g_ptr_array_unref (written->warnings);
  g_strfreev (written->mounts);
  g_free (written->archive_sha256);
  g_free (written->manifest_sha256);
  g_free (written);
}

/**
 * bk_tree_written_warn:
 *
 * Something a person should look at: kept with the backup and in the log, up to a bound each.
 */
void
bk_tree_written_warn (BkTreeWritten *written,
                      const BkTreeWriteRequest *request,
                      const char *format,
                      ...)
{
  va_list args;

  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_autofree char *line = bk_error_one_line (text);

  written->warnings_count++;
  if (written->warnings_count <= BK_TREE_WARNINGS_LOGGED)
    bk_reporter_message (request->reporter, BK_LOG_WARNING, request->project_id, request->backup_id,
                         "tree.scan", "%s", line);
  if (written->warnings->len < BK_TREE_WARNINGS_KEPT)
    g_ptr_array_add (written->warnings, g_steal_pointer (&line));
}

/* ---- recording ---- */

static gboolean
record_settled (Run *run, GError **error)
{
  Waiting *head;

  while ((head = g_queue_peek_head (&run->waiting)) != NULL && head->is_settled)
    {
      g_queue_pop_head (&run->waiting);
      run->waiting_bytes -= sizeof (Waiting) + head->entry.path_length;
      gboolean ok = head->is_dropped || bk_nbkm_writer_add (run->manifest, &head->entry, error);
      g_free (head);
      if (!ok)
        return FALSE;
    }
  return TRUE;
}

static Waiting *
wait_with (Run *run, const BkTreeEntry *entry)
{
  Waiting *waiting = g_malloc (sizeof (Waiting) + (gsize) entry->path_length + 1);

  memset (waiting, 0, sizeof *waiting);
  waiting->entry = *entry;
  memcpy (waiting->path, entry->path, (gsize) entry->path_length + 1);
  waiting->entry.path = waiting->path;
  g_queue_push_tail (&run->waiting, waiting);
  run->waiting_bytes += sizeof (Waiting) + entry->path_length;
  return waiting;
}

/* As the manifest before has it. */
static gboolean
keep (Run *run, const BkTreeEntry *previous, GError **error)
{
  if (run->waiting.length == 0)
    return bk_nbkm_writer_add (run->manifest, previous, error);
  wait_with (run, previous)->is_settled = TRUE;
  return TRUE;
}

static void
fall_back (Run *run, Waiting *waiting)
{
  if (waiting->previous.path == NULL)
    {
      waiting->is_dropped = TRUE;
      return;
    }
  waiting->entry = waiting->previous;
  waiting->entry.path = waiting->path;
  run->written->carried_count++;
}

static void
on_archived (gpointer input_data, const BkTreeArchiveResult *result, gpointer user_data)
{
  Waiting *waiting = input_data;
  Run *run = user_data;
  gboolean is_stored = result->outcome == BK_TREE_STORED || result->outcome == BK_TREE_CHANGED;

  if (is_stored)
    {
      waiting->entry.mode = bk_tree_mode_from_stat (result->mode);
      waiting->entry.mtime_nsec = result->mtime_nsecs;
      waiting->entry.size_bytes =
          S_ISREG (result->mode) || S_ISLNK (result->mode) ? (gint64) result->size_bytes : 0;
    }
  switch (result->outcome)
    {
    case BK_TREE_STORED:
      break;
    case BK_TREE_CHANGED:
      bk_tree_written_warn (run->written, run->request,
                            "“/%s” changed while it was read; the next backup reads it again",
                            waiting->path);
      break;
    case BK_TREE_VANISHED:
      waiting->is_dropped = TRUE;
      bk_tree_written_warn (run->written, run->request, "“/%s” vanished before it was read",
                            waiting->path);
      break;
    case BK_TREE_UNREADABLE:
      bk_tree_written_warn (run->written, run->request, "“/%s” cannot be read (%s)%s",
                            waiting->path, g_strerror (result->errnum),
                            waiting->previous.path != NULL ? "; its earlier state is kept" : "");
      fall_back (run, waiting);
      break;
    case BK_TREE_SKIPPED:
      waiting->is_dropped = TRUE;
      break;
    }
  if (waiting->is_first_link)
    bk_tree_links_settle (run->links, waiting->device, waiting->inode, is_stored);
  waiting->is_settled = TRUE;
  if (run->error == NULL)
    record_settled (run, &run->error);
}

static gboolean
propagate_recording (Run *run, GError **error)
{
  if (run->error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&run->error));
  return FALSE;
}

static gboolean
settle (Run *run, GCancellable *cancellable, GError **error)
{
  return bk_tree_archive_writer_settle (run->archive, cancellable, error) &&
         propagate_recording (run, error);
}

static gboolean
find_link (Run *run,
           const BkTreeScanItem *item,
           Waiting *waiting,
           const char **target,
           GCancellable *cancellable,
           GError **error)
{
  *target = NULL;
  if (item->links_count < 2 || S_ISDIR (item->st_mode))
    return TRUE;
  waiting->device = item->device;
  waiting->inode = item->inode;
  if (bk_tree_links_look (run->links, item->device, item->inode, target) == BK_TREE_LINK_PENDING &&
      !settle (run, cancellable, error))
    return FALSE;
  if (bk_tree_links_look (run->links, item->device, item->inode, target) == BK_TREE_LINK_FIRST)
    {
      waiting->is_first_link = TRUE;
      bk_tree_links_begin (run->links, item->device, item->inode, item->links_count, waiting->path);
    }
  return TRUE;
}

static gboolean
store (Run *run,
       const BkTreeScanItem *item,
       const BkTreeEntry *previous,
       GCancellable *cancellable,
       GError **error)
{
  int dirfd = bk_tree_scan_get_directory (run->scan);
  const char *target;
  Waiting *waiting = wait_with (run, &item->found.entry);

  waiting->entry.origin = run->request->sequence;
  if (previous != NULL)
    {
      waiting->previous = *previous;
      waiting->previous.path = waiting->path;
    }
  if (dirfd < 0)
    {
      const BkTreeArchiveResult gone = { .outcome = BK_TREE_UNREADABLE, .errnum = errno };

      on_archived (waiting, &gone, run);
      return propagate_recording (run, error);
    }
  if (!find_link (run, item, waiting, &target, cancellable, error))
    return FALSE;

  const BkTreeArchiveInput input = { .path = waiting->path,
                                     .dirfd = dirfd,
                                     .name = item->name,
                                     .mode = item->st_mode,
                                     .size_bytes = (guint64) item->found.entry.size_bytes,
                                     .hardlink_target = target,
                                     .user_data = waiting };
  if (!bk_tree_archive_writer_add (run->archive, &input, cancellable, error) ||
      !propagate_recording (run, error))
    return FALSE;
  if (target != NULL)
    bk_tree_links_passed (run->links, item->device, item->inode);
  return run->waiting_bytes <= WAITING_BYTES_MAX || settle (run, cancellable, error);
}

/* A name that is unchanged, of an inode that has others: one that is new may be before it or after
 * it, and is to be restored as one file with it. */
static gboolean
keep_unchanged (Run *run,
                const BkTreeScanItem *item,
                const BkTreeEntry *previous,
                GCancellable *cancellable,
                GError **error)
{
  const char *target;

  if (item->links_count < 2 || S_ISDIR (item->st_mode))
    return keep (run, previous, error);
  if (bk_tree_links_look (run->links, item->device, item->inode, &target) == BK_TREE_LINK_FIRST)
    {
      bk_tree_links_begin_elsewhere (run->links, item->device, item->inode, item->links_count,
                                     item->found.entry.path);
      return keep (run, previous, error);
    }
  if (!bk_tree_links_is_elsewhere (run->links, item->device, item->inode))
    return store (run, item, previous, cancellable, error);
  bk_tree_links_passed (run->links, item->device, item->inode);
  return keep (run, previous, error);
}

/* ---- the walk beside the manifest ---- */

static void
note_unreadable (Run *run, const BkTreeScanItem *item)
{
  const char *kept = run->request->previous != NULL ? "; what is known of it is kept" : "";

  if (item->is_source)
    run->written->source_missing = TRUE;
  if (item->is_unmounted)
    bk_tree_written_warn (run->written, run->request,
                          "Nothing is mounted at “/%s”, where a file system was%s",
                          item->found.entry.path, kept);
  else
    bk_tree_written_warn (run->written, run->request, "“/%s” cannot be looked at (%s)%s",
                          item->found.entry.path, g_strerror (item->errnum), kept);
}

static const BkTreeScanItem *
next_found (Run *run)
{
  const BkTreeScanItem *item = bk_tree_scan_next (run->scan);

  if (item != NULL && item->found.kind == BK_TREE_FOUND_UNREADABLE)
    note_unreadable (run, item);
  return item;
}

static gboolean
next_previous (Run *run, const BkTreeEntry **entry, GError **error)
{
  *entry = NULL;
  return run->request->previous == NULL ||
         bk_nbkm_reader_next (run->request->previous, entry, error);
}

static gboolean
take (Run *run,
      BkTreeChange change,
      const BkTreeScanItem *item,
      const BkTreeEntry *previous,
      GCancellable *cancellable,
      GError **error)
{
  switch (change)
    {
    case BK_TREE_ADDED:
      run->written->added_count++;
      return store (run, item, NULL, cancellable, error);
    case BK_TREE_MODIFIED:
      run->written->modified_count++;
      return store (run, item, previous, cancellable, error);
    case BK_TREE_UNCHANGED:
      run->written->unchanged_count++;
      return keep_unchanged (run, item, previous, cancellable, error);
    case BK_TREE_CARRIED:
      run->written->carried_count++;
      return keep (run, previous, error);
    case BK_TREE_DELETED:
      run->written->deleted_count++;
      return TRUE;
    case BK_TREE_PASSED:
      break;
    }
  return TRUE;
}

static gboolean
look_for_news (Run *run, GCancellable *cancellable, GError **error)
{
  gint64 now_usecs = g_get_monotonic_time ();

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  /* What waits behind a slow archive must not grow without bound. */
  if (run->waiting_bytes > WAITING_BYTES_MAX && !settle (run, cancellable, error))
    return FALSE;
  if (now_usecs < run->next_progress_usecs)
    return TRUE;
  run->next_progress_usecs = now_usecs + PROGRESS_USECS;
  bk_reporter_progress (
      run->request->reporter,
      &(BkProgress){ .project_id = run->request->project_id,
                     .step = "copy",
                     .done_bytes = bk_tree_archive_writer_get_bytes (run->archive) });
  return TRUE;
}

static gboolean
walk (Run *run, GCancellable *cancellable, GError **error)
{
  BkTreeDiffRule rule = { .use_ctime = run->request->use_ctime };
  const BkTreeEntry *previous;
  const BkTreeScanItem *item = next_found (run);

  if (run->request->previous != NULL)
    rule.previous_start_nsec = bk_nbkm_reader_get_header (run->request->previous)->timestamp_nsec;
  if (!next_previous (run, &previous, error))
    return FALSE;
  for (guint64 steps = 0; item != NULL || previous != NULL; steps++)
    {
      BkTreeChange change = bk_tree_diff_step (&rule, item != NULL ? &item->found : NULL, previous);

      if (!take (run, change, item, previous, cancellable, error) ||
          (steps % STEPS_A_LOOK == 0 && !look_for_news (run, cancellable, error)))
        return FALSE;
      if (bk_tree_change_takes_found (change))
        item = next_found (run);
      if (bk_tree_change_takes_previous (change) && !next_previous (run, &previous, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
finish (Run *run, int manifest_fd, const char *temporary, GCancellable *cancellable, GError **error)
{
  const BkTreeWriteRequest *request = run->request;
  BkTreeWritten *written = run->written;

  if (!bk_tree_archive_writer_finish (run->archive, &written->archive_bytes,
                                      &written->archive_sha256, cancellable, error) ||
      !propagate_recording (run, error) ||
      !bk_nbkm_writer_finish (run->manifest, &written->entries_count, error))
    return FALSE;
  written->manifest_sha256 =
      bk_sha256_of_fd (manifest_fd, request->manifest_name, &written->manifest_bytes, NULL, NULL,
                       cancellable, error);
  if (written->manifest_sha256 == NULL)
    return FALSE;
  if (fsync (manifest_fd) < 0 || renameat2 (request->dirfd, temporary, request->dirfd,
                                            request->manifest_name, RENAME_NOREPLACE) < 0)
    return bk_error_set_errno (error, errno, "The manifest “%s” cannot be finished",
                               request->manifest_name);
  written->mounts = bk_tree_scan_get_mounts (run->scan);
  if (bk_tree_scan_get_too_long_count (run->scan) > 0)
    bk_tree_written_warn (written, request,
                          "%" G_GUINT64_FORMAT " names were left out: their paths are longer than "
                          "%d bytes",
                          bk_tree_scan_get_too_long_count (run->scan), BK_TREE_PATH_MAX_BYTES);
  return TRUE;
}

static gboolean
write_all (
    Run *run, int manifest_fd, const char *temporary, GCancellable *cancellable, GError **error)
{
  const BkTreeWriteRequest *request = run->request;
  guint64 expected_count = 0;

  run->written->start_nsec = bk_tree_scan_clock ();
  if (request->previous != NULL)
    expected_count = bk_nbkm_reader_get_header (request->previous)->entry_count;
  g_autoptr (BkTreeLinks) links = bk_tree_links_new ();
  g_autoptr (BkNbkmWriter) manifest = bk_nbkm_writer_new (manifest_fd, run->written->start_nsec,
                                                          request->sequence, expected_count, error);
  if (manifest == NULL)
    return FALSE;
  g_autoptr (BkTreeScan) scan =
      bk_tree_scan_new (request->rules, MIN (g_get_num_processors () - 1, 3), error);
  if (scan == NULL)
    return FALSE;
  g_autoptr (BkTreeArchiveWriter) archive = bk_tree_archive_writer_new (
      request->dirfd, request->archive_name, &request->archive_options, on_archived, run, error);
  if (archive == NULL)
    return FALSE;

  run->links = links;
  run->manifest = manifest;
  run->scan = scan;
  run->archive = archive;
  return walk (run, cancellable, error) && finish (run, manifest_fd, temporary, cancellable, error);
}

/**
 * bk_tree_write:
 *
 * The archive gets its name before the manifest; neither counts before a metadata file names them.
 *
 * Errors: of writing (%BK_ERROR_NO_SPACE among them); %BK_ERROR_INTEGRITY if the manifest before
 *   is broken, which may show only at its end; cancellation. After one, what was written under
 *   temporary names is removed; an archive that has its name already is not.
 *
 * Returns: (transfer full) (nullable)
 */
BkTreeWritten *
bk_tree_write (const BkTreeWriteRequest *request, GCancellable *cancellable, GError **error)
{
  g_autofree char *temporary =
      g_strdup_printf (BK_TEMPORARY_PREFIX "%s-%08x", request->manifest_name, g_random_int ());
  autofd int fd =
      openat (request->dirfd, temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  g_autoptr (BkTreeWritten) written = g_new0 (BkTreeWritten, 1);
  Run run = { .request = request, .written = written };

  written->warnings = g_ptr_array_new_with_free_func (g_free);
  if (fd < 0)
    {
      bk_error_set_errno (error, errno, "The manifest “%s” cannot be made", request->manifest_name);
      return NULL;
    }

  gboolean ok = write_all (&run, fd, temporary, cancellable, error);
  g_queue_clear_full (&run.waiting, g_free);
  g_clear_error (&run.error);
  if (ok)
    return g_steal_pointer (&written);
  unlinkat (request->dirfd, temporary, 0);
  return NULL;
}
