/* The walk over the tree beside the manifest before, and the beginning and end of both files. */
#include "ops/tree/write-private.h"

#include "base/atomic-file.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "base/quantity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

/* How often, in steps of the walk, we look for news. */
#define STEPS_A_LOOK 512
#define PROGRESS_USECS (G_USEC_PER_SEC / 10)

/* ---- the walk beside the manifest ---- */

static void
note_unreadable (BkTreeWriteRun *run, const BkTreeScanItem *item)
{
  const char *kept = run->request->previous != NULL ? _ ("; what is known of it is kept") : "";

  if (item->is_source)
    run->written->source_missing = TRUE;
  if (item->is_unmounted)
    bk_tree_written_warn (run->written, run->request,
                          "Nothing is mounted at “/%s”, where a file system was%s",
                          item->found.entry.path, kept);
  else
    bk_tree_written_warn (run->written, run->request, "“/%s” cannot be looked at (%s)%s",
                          item->found.entry.path, bk_error_reason (item->errnum), kept);
}

static const BkTreeScanItem *
next_found (BkTreeWriteRun *run)
{
  const BkTreeScanItem *item = bk_tree_scan_next (run->scan);

  if (item != NULL && item->found.kind == BK_TREE_FOUND_UNREADABLE)
    note_unreadable (run, item);
  return item;
}

static gboolean
next_previous (BkTreeWriteRun *run, const BkTreeEntry **entry, GError **error)
{
  *entry = NULL;
  return run->request->previous == NULL ||
         bk_nbkm_reader_next (run->request->previous, entry, error);
}

static gboolean
take (BkTreeWriteRun *run,
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
      return bk_tree_write_store (run, item, NULL, cancellable, error);
    case BK_TREE_MODIFIED:
      run->written->modified_count++;
      return bk_tree_write_store (run, item, previous, cancellable, error);
    case BK_TREE_UNCHANGED:
      run->written->unchanged_count++;
      return bk_tree_write_keep_unchanged (run, item, previous, cancellable, error);
    case BK_TREE_CARRIED:
      run->written->carried_count++;
      return bk_tree_write_keep (run, previous, error);
    case BK_TREE_DELETED:
      run->written->deleted_count++;
      return TRUE;
    case BK_TREE_PASSED:
      break;
    }
  return TRUE;
}

static gboolean
look_for_news (BkTreeWriteRun *run, GCancellable *cancellable, GError **error)
{
  gint64 now_usecs = g_get_monotonic_time ();

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (!bk_tree_write_bound_waiting (run, cancellable, error))
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
walk (BkTreeWriteRun *run, GCancellable *cancellable, GError **error)
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
finish (BkTreeWriteRun *run,
        int manifest_fd,
        const char *temporary,
        GCancellable *cancellable,
        GError **error)
{
  const BkTreeWriteRequest *request = run->request;
  BkTreeWritten *written = run->written;

  if (!bk_tree_archive_writer_finish (run->archive, &written->archive_bytes,
                                      &written->archive_sha256, cancellable, error) ||
      !bk_tree_write_propagate (run, error) ||
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
    bk_tree_written_warn (
        written, request,
        bk_ngettext ("%s name was left out: its path is longer than %d bytes",
                     "%s names were left out: their paths are longer than %d bytes",
                     bk_tree_scan_get_too_long_count (run->scan)),
        BK_NUMBER (bk_tree_scan_get_too_long_count (run->scan)), BK_TREE_PATH_MAX_BYTES);
  return TRUE;
}

static gboolean
write_all (BkTreeWriteRun *run,
           int manifest_fd,
           const char *temporary,
           GCancellable *cancellable,
           GError **error)
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
  g_autoptr (BkTreeArchiveWriter) archive =
      bk_tree_archive_writer_new (request->dirfd, request->archive_name, &request->archive_options,
                                  bk_tree_write_archived, run, error);
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
  BkTreeWriteRun run = { .request = request, .written = written };

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
