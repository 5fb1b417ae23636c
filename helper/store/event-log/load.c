/* Learning what an event log on disk holds: its last segment, where that ends, its snapshot. No
 * segment is written here. */
#include "store/event-log/private.h"

#include "base/atomic-file.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIRECTORY_MODE 0700
#define FIRST_READ_BYTES (8 * 1024)

/**
 * bk_event_log_has_segment:
 *
 * Returns: whether the segment of that number is there.
 */
gboolean
bk_event_log_has_segment (BkEventLog *log, guint64 segment)
{
  g_autofree char *name = bk_event_segment_name (segment);

  return faccessat (log->log_dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/**
 * bk_event_log_is_current:
 *
 * Returns: whether what we know is what is there: nobody else wrote since.
 */
gboolean
bk_event_log_is_current (BkEventLog *log)
{
  g_autofree char *name = bk_event_segment_name (log->segment);
  g_autofree char *path = g_build_filename (BK_EVENT_LOG_DIRECTORY, name, NULL);
  struct stat st;

  return log->loaded && log->segment > 0 && fstatat (log->data_dirfd, path, &st, 0) == 0 &&
         st.st_ino == log->segment_inode && (guint64) st.st_size == log->tail.size_bytes &&
         !bk_event_log_has_segment (log, log->segment + 1);
}

/**
 * bk_event_log_list_segments:
 *
 * Returns: (transfer full) (nullable): the numbers of the segments that are there, ascending.
 */
GArray *
bk_event_log_list_segments (BkEventLog *log, GError **error)
{
  g_autoptr (GPtrArray) names = bk_list_directory (log->log_dirfd, error);

  if (names == NULL)
    return NULL;

  GArray *segments = g_array_new (FALSE, FALSE, sizeof (guint64));
  for (guint i = 0; i < names->len; i++)
    {
      guint64 segment;

      if (bk_event_segment_number (g_ptr_array_index (names, i), &segment))
        g_array_append_val (segments, segment);
    }
  return segments;
}

/* The snapshot is never far from the end: from it the last segment is found without a listing. */
static gboolean
find_last_segment (BkEventLog *log, const BkEventSnapshot *snapshot, GError **error)
{
  log->segment = 0;
  if (snapshot != NULL && bk_event_log_has_segment (log, snapshot->last_segment))
    log->segment = snapshot->last_segment;
  else
    {
      g_autoptr (GArray) segments = bk_event_log_list_segments (log, error);

      if (segments == NULL)
        return FALSE;
      if (segments->len > 0)
        log->segment = g_array_index (segments, guint64, segments->len - 1);
    }
  while (log->segment > 0 && bk_event_log_has_segment (log, log->segment + 1))
    log->segment++;
  return TRUE;
}

void
bk_event_segment_scan_clear (BkEventSegmentScan *scan)
{
  g_free (scan->first_previous_hash);
}

static void
scan_event (const BkEvent *event, gpointer user_data)
{
  BkEventSegmentScan *scan = user_data;

  if (scan->index == 0)
    {
      scan->first_previous_hash = bk_text_dup (&event->previous_hash);
      scan->first_seq = event->hash_version > 0 ? event->seq : 0;
    }
  if (scan->wanted != NULL && scan->index == scan->wanted->last_index_in_segment)
    scan->found = bk_text_is (&event->id, scan->wanted->last_event_id) &&
                  bk_text_is (&event->current_hash, scan->wanted->last_current_hash);
  scan->index++;
}

/**
 * bk_event_log_scan_segment:
 * @scan: (inout): what is wanted, and what is found
 * @first_only: stop after some events, at least the first
 *
 * Streams a segment through @scan.
 *
 * Errors: the segment cannot be read. One that breaks off is no error.
 */
gboolean
bk_event_log_scan_segment (
    BkEventLog *log, guint64 segment, BkEventSegmentScan *scan, gboolean first_only, GError **error)
{
  g_autofree char *name = bk_event_segment_name (segment);
  gsize read_bytes = first_only ? FIRST_READ_BYTES : BK_EVENT_TAIL_MAX_BYTES;
  g_autofree char *buffer = g_malloc (read_bytes);
  g_autoptr (BkEventParser) parser = bk_event_parser_new ();
  autofd int fd = bk_open_file_at (log->log_dirfd, name, error);
  ssize_t n = 1;

  if (fd < 0)
    return FALSE;
  while (n > 0 && !(first_only && scan->index > 0))
    {
      n = read (fd, buffer, read_bytes);
      if (n < 0 && errno != EINTR)
        return bk_error_set_errno (error, errno, "Reading “%s” failed", name);
      /* What cannot be read is verify's to name; here the events before it are enough. */
      if (n > 0 && !bk_event_parser_feed (parser, buffer, (gsize) n, scan_event, scan, NULL))
        return TRUE;
      n = n < 0 ? 1 : n;
    }
  return TRUE;
}

static gboolean
read_tail (BkEventLog *log, guint64 segment, BkEventTail *tail, int *fd_out, GError **error)
{
  g_autofree char *name = bk_event_segment_name (segment);
  autofd int fd = openat (log->log_dirfd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

  if (fd < 0)
    return bk_error_set_errno (error, errno, "“%s” cannot be opened", name);
  memset (tail, 0, sizeof *tail);
  if (!bk_event_tail_read (fd, name, tail, error))
    return FALSE;
  if (fd_out != NULL)
    *fd_out = bk_fd_steal (&fd);
  return TRUE;
}

/* How many events the last segment has: by their numbers where they have some. */
static gboolean
count_segment_events (BkEventLog *log, GError **error)
{
  g_auto (BkEventSegmentScan) scan = { 0 };
  g_auto (BkEventSegmentScan) whole = { 0 };

  if (!bk_event_log_scan_segment (log, log->segment, &scan, TRUE, error))
    return FALSE;
  if (scan.first_seq > 0 && log->tail.head.seq >= scan.first_seq)
    {
      log->segment_events = log->tail.head.seq - scan.first_seq + 1;
      return TRUE;
    }
  if (!bk_event_log_scan_segment (log, log->segment, &whole, FALSE, error))
    return FALSE;
  log->segment_events = whole.index;
  return TRUE;
}

static gboolean
load_segment (BkEventLog *log, GError **error)
{
  struct stat st;

  bk_fd_clear (&log->segment_fd);
  memset (&log->tail, 0, sizeof log->tail);
  log->segment_events = 0;
  if (log->segment == 0)
    return TRUE;
  if (!read_tail (log, log->segment, &log->tail, &log->segment_fd, error))
    return FALSE;
  for (guint64 before = log->segment - 1;
       log->tail.head.hash[0] == '\0' && before > 0 && bk_event_log_has_segment (log, before);
       before--)
    {
      BkEventTail tail;

      if (!read_tail (log, before, &tail, NULL, error))
        return FALSE;
      log->tail.head = tail.head;
    }
  if (fstat (log->segment_fd, &st) == 0)
    log->segment_inode = st.st_ino;
  return !log->tail.appendable || count_segment_events (log, error);
}

/**
 * bk_event_log_read_snapshot:
 * @snapshot: (out) (transfer full) (nullable): %NULL also when it is not one
 * @exists: (out): whether there is a file of its name
 *
 * Errors: the file system does not give it.
 */
gboolean
bk_event_log_read_snapshot (BkEventLog *log,
                            BkEventSnapshot **snapshot,
                            gboolean *exists,
                            GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GBytes) bytes = bk_read_small_file (log->data_dirfd, BK_EVENT_SNAPSHOT_NAME,
                                                 BK_EVENT_SNAPSHOT_MAX_BYTES, &local_error);
  gsize length_bytes;

  *exists = bytes != NULL || !g_error_matches (local_error, BK_ERROR, BK_ERROR_NOT_FOUND);
  *snapshot = NULL;
  if (bytes == NULL)
    return !*exists || bk_error_code (local_error) == BK_ERROR_INTEGRITY ||
           (g_propagate_error (error, g_steal_pointer (&local_error)), FALSE);

  const char *text = g_bytes_get_data (bytes, &length_bytes);
  *snapshot = bk_event_snapshot_from_json (text, length_bytes, NULL);
  return TRUE;
}

/**
 * bk_event_log_load:
 *
 * Learns what is there, and makes the log's directory if it is missing. To be called under the log's
 * lock.
 */
gboolean
bk_event_log_load (BkEventLog *log, GError **error)
{
  g_autoptr (BkEventSnapshot) snapshot = NULL;
  gboolean exists;

  log->loaded = FALSE;
  bk_fd_clear (&log->log_dirfd);
  log->log_dirfd =
      bk_make_directory_at (log->data_dirfd, BK_EVENT_LOG_DIRECTORY, DIRECTORY_MODE, error);
  if (log->log_dirfd < 0 || !bk_event_log_read_snapshot (log, &snapshot, &exists, error) ||
      !find_last_segment (log, snapshot, error) || !load_segment (log, error))
    return FALSE;
  log->snapshot_events = snapshot == NULL ? 0 : snapshot->total_events;
  log->snapshot_state = exists ? BK_EVENT_SNAPSHOT_UNCHECKED : BK_EVENT_SNAPSHOT_SOUND;
  log->loaded = TRUE;
  return TRUE;
}
