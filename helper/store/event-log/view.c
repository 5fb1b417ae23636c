#include "store/event-log/view.h"

#include "base/atomic-file.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/lock.h"
#include "base/path.h"
#include "format/event-segment.h"
#include "format/event-snapshot.h"
#include "store/event-log/event-log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define READ_BYTES (256 * 1024)

/* Our own segments begin and end so (see format/event-segment.h). */
#define OPENING "[\n{"
#define CLOSING "\n]\n"
#define CLOSING_BYTES (sizeof CLOSING - 1)

/* What is looked at so often, with no writer at work, and does not end as it should, was left so by one
 * that died. A living one may have to wait in the middle of its write, for its disk or its turn; one that
 * was stopped there is not waited for for ever. */
#define SETTLE_TRIES 20
#define SETTLE_USECS 1000
#define WRITER_MAX_USECS (10 * G_USEC_PER_SEC)

/* Pruning may remove what was just listed. */
#define LIST_TRIES 10

void
bk_event_log_view_free (BkEventLogView *view)
{
  bk_fd_clear (&view->data_dirfd);
  bk_fd_clear (&view->log_dirfd);
  g_clear_pointer (&view->snapshot_bytes, g_bytes_unref);
  g_clear_pointer (&view->anchor_bytes, g_bytes_unref);
  g_clear_pointer (&view->snapshot, bk_event_snapshot_free);
  g_clear_pointer (&view->anchor, bk_event_anchor_free);
  g_free (view->damage);
  g_array_unref (view->segments);
  g_free (view);
}

/* A missing file is no error: *@bytes stays %NULL. */
static gboolean
read_optional (int dirfd, const char *name, GBytes **bytes, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  g_clear_pointer (bytes, g_bytes_unref);
  *bytes = bk_read_small_file (dirfd, name, BK_EVENT_SNAPSHOT_MAX_BYTES, &local_error);
  if (*bytes != NULL || g_error_matches (local_error, BK_ERROR, BK_ERROR_NOT_FOUND))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static gboolean
list_segments (BkEventLogView *view, GError **error)
{
  g_autoptr (GPtrArray) names = bk_list_directory (view->log_dirfd, error);

  if (names == NULL)
    return FALSE;
  g_array_set_size (view->segments, 0);
  for (guint i = 0; i < names->len; i++)
    {
      guint64 segment;

      if (bk_event_segment_number (g_ptr_array_index (names, i), &segment))
        g_array_append_val (view->segments, segment);
    }
  return TRUE;
}

static gboolean
same_bytes (GBytes *a, GBytes *b)
{
  return a == NULL || b == NULL ? a == b : g_bytes_equal (a, b);
}

/* The anchor and the list must be of one instant: pruning writes the anchor before it removes. */
static gboolean
read_anchor_and_list (BkEventLogView *view, GError **error)
{
  for (guint i = 0; i < LIST_TRIES; i++)
    {
      g_autoptr (GBytes) after = NULL;

      if (!read_optional (view->data_dirfd, BK_EVENT_ANCHOR_NAME, &view->anchor_bytes, error) ||
          !read_optional (view->data_dirfd, BK_EVENT_SNAPSHOT_NAME, &view->snapshot_bytes, error) ||
          !list_segments (view, error) ||
          !read_optional (view->data_dirfd, BK_EVENT_ANCHOR_NAME, &after, error))
        return FALSE;
      if (same_bytes (view->anchor_bytes, after))
        return TRUE;
    }
  bk_set_error (error, BK_ERROR_BUSY, "The event log is being pruned again and again; try later");
  return FALSE;
}

static void
parse_small_files (BkEventLogView *view)
{
  g_autoptr (GError) error = NULL;
  gsize length_bytes;

  if (view->snapshot_bytes != NULL)
    {
      const char *text = g_bytes_get_data (view->snapshot_bytes, &length_bytes);

      view->snapshot = bk_event_snapshot_from_json (text, length_bytes, &error);
    }
  if (view->anchor_bytes != NULL && error == NULL)
    {
      const char *text = g_bytes_get_data (view->anchor_bytes, &length_bytes);

      view->anchor = bk_event_anchor_from_json (text, length_bytes, &error);
    }
  if (error != NULL)
    view->damage = g_strdup (error->message);
}

/**
 * bk_event_log_view_open_at:
 * @data_dirfd: the directory that holds "event-log"; stays open
 * @what: its name for an error
 *
 * Errors: %BK_ERROR_NOT_FOUND when there is no event log.
 *
 * Returns: (transfer full) (nullable)
 */
BkEventLogView *
bk_event_log_view_open_at (int data_dirfd, const char *what, GError **error)
{
  g_autoptr (BkEventLogView) view = g_new0 (BkEventLogView, 1);
  g_autoptr (GError) local_error = NULL;

  view->segments = g_array_new (FALSE, FALSE, sizeof (guint64));
  view->log_dirfd = -1;
  view->data_dirfd = fcntl (data_dirfd, F_DUPFD_CLOEXEC, 0);
  view->log_dirfd = bk_open_directory_at (data_dirfd, BK_EVENT_LOG_DIRECTORY, &local_error);
  if (g_error_matches (local_error, BK_ERROR, BK_ERROR_NOT_FOUND))
    {
      bk_set_error (error, BK_ERROR_NOT_FOUND, "“%s” holds no event log: it has no directory “%s”",
                    what, BK_EVENT_LOG_DIRECTORY);
      return NULL;
    }
  if (view->log_dirfd < 0)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }
  if (!read_anchor_and_list (view, error))
    return NULL;
  parse_small_files (view);
  return g_steal_pointer (&view);
}

/**
 * bk_event_log_view_open:
 * @data_dir: an absolute path
 *
 * As bk_event_log_view_open_at().
 */
BkEventLogView *
bk_event_log_view_open (const char *data_dir, GError **error)
{
  autofd int data_dirfd = bk_open_directory (data_dir, error);

  return data_dirfd < 0 ? NULL : bk_event_log_view_open_at (data_dirfd, data_dir, error);
}

static gboolean
has_bytes_at (int fd, const char *expected, guint64 offset)
{
  char bytes[8];
  gsize length = strlen (expected);

  return pread (fd, bytes, length, (off_t) offset) == (ssize_t) length &&
         memcmp (bytes, expected, length) == 0;
}

static gboolean
fail_to_read (const BkEventSegmentView *segment_view, int errnum, GError **error)
{
  g_autofree char *path = bk_fd_dup_path (segment_view->fd);

  return bk_error_set_errno (error, errnum, "“%s” of the event log cannot be read", path);
}

/* Where the segment ends at this instant. Returns: %FALSE if a writer is in the middle of it. */
static gboolean
look_at_end (BkEventSegmentView *segment_view, GError **error)
{
  struct stat st;

  if (fstat (segment_view->fd, &st) < 0)
    return fail_to_read (segment_view, errno, error);

  guint64 size_bytes = (guint64) st.st_size;
  segment_view->closing = size_bytes > CLOSING_BYTES &&
                          has_bytes_at (segment_view->fd, CLOSING, size_bytes - CLOSING_BYTES);
  segment_view->body_bytes = size_bytes - (segment_view->closing ? CLOSING_BYTES : 0);
  return segment_view->closing || !has_bytes_at (segment_view->fd, OPENING, 0);
}

/* Waits while a writer is in the middle of it. */
static gboolean
settle (const BkEventLogView *view, BkEventSegmentView *segment_view, GError **error)
{
  gint64 deadline_usecs = g_get_monotonic_time () + WRITER_MAX_USECS;
  g_autoptr (GError) local_error = NULL;

  for (guint tries = 0; tries < SETTLE_TRIES && !look_at_end (segment_view, &local_error);)
    {
      if (local_error != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
      gboolean is_written = bk_lock_is_held (view->data_dirfd, BK_EVENT_LOG_LOCK_NAME) &&
                            g_get_monotonic_time () < deadline_usecs;
      tries = is_written ? 0 : tries + 1;
      g_usleep (SETTLE_USECS);
    }
  return TRUE;
}

/**
 * bk_event_segment_view_open:
 * @segment_view: (out): its fd is the caller's to close
 *
 * What a writer that died left behind at the end is part of the view: the verdict names it.
 */
gboolean
bk_event_segment_view_open (BkEventLogView *view,
                            guint64 segment,
                            BkEventSegmentView *segment_view,
                            GError **error)
{
  g_autofree char *name = bk_event_segment_name (segment);

  segment_view->fd = bk_open_file_at (view->log_dirfd, name, error);
  if (segment_view->fd < 0)
    return FALSE;
  posix_fadvise (segment_view->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  if (!settle (view, segment_view, error))
    {
      bk_fd_clear (&segment_view->fd);
      return FALSE;
    }
  return TRUE;
}

/**
 * bk_event_segment_view_size:
 *
 * Returns: in bytes, as it goes into a package: closed, also where the log is still written to.
 */
guint64
bk_event_segment_view_size (const BkEventSegmentView *segment_view)
{
  return segment_view->body_bytes + (segment_view->closing ? CLOSING_BYTES : 0);
}

/**
 * bk_event_segment_view_read:
 *
 * Gives exactly bk_event_segment_view_size() bytes to @func, or fails.
 */
gboolean
bk_event_segment_view_read (const BkEventSegmentView *segment_view,
                            BkEventBytesFunc func,
                            gpointer user_data,
                            GCancellable *cancellable,
                            GError **error)
{
  g_autoptr (BkBuffer) buffer = bk_buffer_new (READ_BYTES);
  guint64 offset = 0;

  while (offset < segment_view->body_bytes)
    {
      gsize want = MIN (READ_BYTES, segment_view->body_bytes - offset);
      ssize_t n = pread (segment_view->fd, buffer, want, (off_t) offset);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return fail_to_read (segment_view, errno, error);
      if (n == 0)
        {
          g_autofree char *path = bk_fd_dup_path (segment_view->fd);

          bk_set_error (error, BK_ERROR_INTEGRITY,
                        "“%s” of the event log became shorter while it was read; only this program "
                        "may write there",
                        path);
          return FALSE;
        }
      if (g_cancellable_set_error_if_cancelled (cancellable, error) ||
          !func (buffer, (gsize) n, user_data, error))
        return FALSE;
      offset += (guint64) n;
    }
  return !segment_view->closing || func (CLOSING, CLOSING_BYTES, user_data, error);
}

/**
 * bk_event_log_view_verifier:
 *
 * Returns: (transfer full): a verifier that knows the view's snapshot and anchor.
 */
BkEventVerifier *
bk_event_log_view_verifier (const BkEventLogView *view, gboolean fast)
{
  BkEventVerifier *verifier = bk_event_verifier_new (fast, view->snapshot, view->anchor);

  if (view->damage != NULL)
    bk_event_verifier_bad_snapshot (verifier, view->damage);
  return verifier;
}

static gboolean
feed_verifier (const void *data, gsize length_bytes, gpointer user_data, GError **error)
{
  bk_event_verifier_feed (user_data, data, length_bytes);
  return TRUE;
}

/**
 * bk_event_log_view_verify:
 * @fast: see bk_event_chain_new()
 *
 * Errors: only of reading. A broken log is no error but a verdict.
 *
 * Returns: (transfer full) (nullable)
 */
BkChainVerdict *
bk_event_log_view_verify (BkEventLogView *view,
                          gboolean fast,
                          GCancellable *cancellable,
                          GError **error)
{
  g_autoptr (BkEventVerifier) verifier = bk_event_log_view_verifier (view, fast);

  for (guint i = 0; i < view->segments->len; i++)
    {
      guint64 segment = g_array_index (view->segments, guint64, i);
      BkEventSegmentView segment_view;

      if (!bk_event_verifier_wants_segment (verifier, segment))
        continue;
      if (!bk_event_segment_view_open (view, segment, &segment_view, error))
        return NULL;
      autofd int fd = segment_view.fd;
      bk_event_verifier_begin_segment (verifier, segment);
      if (!bk_event_segment_view_read (&segment_view, feed_verifier, verifier, cancellable, error))
        return NULL;
      bk_event_verifier_end_segment (verifier);
    }
  return bk_event_verifier_end (verifier);
}
