/* One entry on its way into the archive and the manifest: storing it, keeping its earlier state, its
 * other names, and recording all in order. */
#include "ops/tree/write-private.h"

#include "base/error.h"
#include "base/gettext.h"
#include <errno.h>
#include <string.h>

/* What waits for the archive before it can be recorded, at most. */
#define WAITING_BYTES_MAX (4 * 1024 * 1024)

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

static gboolean
record_settled (BkTreeWriteRun *run, GError **error)
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
wait_with (BkTreeWriteRun *run, const BkTreeEntry *entry)
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

/**
 * bk_tree_write_keep:
 * @previous: recorded as the manifest before has it
 */
gboolean
bk_tree_write_keep (BkTreeWriteRun *run, const BkTreeEntry *previous, GError **error)
{
  if (run->waiting.length == 0)
    return bk_nbkm_writer_add (run->manifest, previous, error);
  wait_with (run, previous)->is_settled = TRUE;
  return TRUE;
}

static void
fall_back (BkTreeWriteRun *run, Waiting *waiting)
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

/**
 * bk_tree_write_archived:
 *
 * A #BkTreeArchiveFunc: records what became of @input_data, an entry that waits. An error is kept for
 * bk_tree_write_propagate().
 */
void
bk_tree_write_archived (gpointer input_data, const BkTreeArchiveResult *result, gpointer user_data)
{
  Waiting *waiting = input_data;
  BkTreeWriteRun *run = user_data;
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
                            waiting->path, bk_error_reason (result->errnum),
                            waiting->previous.path != NULL ? _ ("; its earlier state is kept")
                                                           : "");
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

/**
 * bk_tree_write_propagate:
 *
 * Returns: %FALSE if recording went wrong in a report of the archive, with that error.
 */
gboolean
bk_tree_write_propagate (BkTreeWriteRun *run, GError **error)
{
  if (run->error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&run->error));
  return FALSE;
}

static gboolean
settle (BkTreeWriteRun *run, GCancellable *cancellable, GError **error)
{
  return bk_tree_archive_writer_settle (run->archive, cancellable, error) &&
         bk_tree_write_propagate (run, error);
}

/**
 * bk_tree_write_bound_waiting:
 *
 * Has the archive settle if more waits behind it than may: that must not grow without bound.
 */
gboolean
bk_tree_write_bound_waiting (BkTreeWriteRun *run, GCancellable *cancellable, GError **error)
{
  return run->waiting_bytes <= WAITING_BYTES_MAX || settle (run, cancellable, error);
}

static gboolean
find_link (BkTreeWriteRun *run,
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

/**
 * bk_tree_write_store:
 * @item: where the walk stands
 * @previous: (nullable): recorded instead if it cannot be read
 *
 * Hands what the walk found to the archive; it is recorded once the archive says what became of it.
 */
gboolean
bk_tree_write_store (BkTreeWriteRun *run,
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

      bk_tree_write_archived (waiting, &gone, run);
      return bk_tree_write_propagate (run, error);
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
      !bk_tree_write_propagate (run, error))
    return FALSE;
  if (target != NULL)
    bk_tree_links_passed (run->links, item->device, item->inode);
  return bk_tree_write_bound_waiting (run, cancellable, error);
}

/**
 * bk_tree_write_keep_unchanged:
 *
 * Records a name that is unchanged as before. If its inode has other names, one that is new may be
 * before it or after it, and is to be restored as one file with it.
 */
gboolean
bk_tree_write_keep_unchanged (BkTreeWriteRun *run,
                              const BkTreeScanItem *item,
                              const BkTreeEntry *previous,
                              GCancellable *cancellable,
                              GError **error)
{
  const char *target;

  if (item->links_count < 2 || S_ISDIR (item->st_mode))
    return bk_tree_write_keep (run, previous, error);
  if (bk_tree_links_look (run->links, item->device, item->inode, &target) == BK_TREE_LINK_FIRST)
    {
      bk_tree_links_begin_elsewhere (run->links, item->device, item->inode, item->links_count,
                                     item->found.entry.path);
      return bk_tree_write_keep (run, previous, error);
    }
  if (!bk_tree_links_is_elsewhere (run->links, item->device, item->inode))
    return bk_tree_write_store (run, item, previous, cancellable, error);
  bk_tree_links_passed (run->links, item->device, item->inode);
  return bk_tree_write_keep (run, previous, error);
}
