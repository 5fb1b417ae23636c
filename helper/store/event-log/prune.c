/* Removing the oldest segments, and recording where the log begins then. */
#include "store/event-log/private.h"

#include "base/atomic-file.h"
#include "base/error.h"
#include "base/path.h"
#include "format/json.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static void
remove_segments (BkEventLog *log, guint64 first_kept, guint64 *removed_count)
{
  g_autoptr (GPtrArray) names = bk_list_directory (log->log_dirfd, NULL);

  for (guint i = 0; names != NULL && i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      guint64 segment;

      /* Sorted by name, so the oldest goes first. What cannot be removed, the next pruning finds. */
      if (bk_event_segment_number (name, &segment) && segment < first_kept &&
          unlinkat (log->log_dirfd, name, 0) == 0)
        ++*removed_count;
      else if (g_str_has_prefix (name, BK_TEMPORARY_PREFIX))
        unlinkat (log->log_dirfd, name, 0);
    }
  bk_sync_directory (log->log_dirfd, BK_EVENT_LOG_DIRECTORY, NULL);
}

/* Order: the event (which alone makes it valid), then the anchor, then the removal. */
static gboolean
prune_to (
    BkEventLog *log, guint64 first_kept, const char *actor, guint64 *removed_count, GError **error)
{
  g_auto (BkEventSegmentScan) scan = { 0 };

  if (!bk_event_log_scan_segment (log, first_kept, &scan, TRUE, error))
    return FALSE;
  if (!bk_sha256_is_hex (scan.first_previous_hash))
    {
      g_autofree char *name = bk_event_segment_name (first_kept);

      bk_set_error (error, BK_ERROR_INTEGRITY,
                    "The event log is not pruned: “%s” does not say what it follows from", name);
      return FALSE;
    }

  g_autofree char *text = bk_event_anchor_to_json (&(BkEventAnchor){
      .first_segment = first_kept,
      .previous_hash = scan.first_previous_hash,
      .last_seq = scan.first_seq > 0 ? scan.first_seq - 1 : 0,
  });
  g_autoptr (JsonObject) payload = bk_json_parse_object (text, -1, "anchor", error);
  BkEventRecord record = { actor, BK_EVENT_LOG_PRUNED, "event-log", "default", payload };

  if (payload == NULL || !bk_event_log_append_locked (log, &record, 1, error) ||
      !bk_atomic_write (log->data_dirfd, BK_EVENT_ANCHOR_NAME, text, strlen (text),
                        BK_EVENT_LOG_FILE_MODE, error))
    return FALSE;
  remove_segments (log, first_kept, removed_count);
  return TRUE;
}

/**
 * bk_event_log_prune_locked:
 * @keep_segments: 0 keeps all
 * @removed_count: (inout): of segments
 *
 * bk_event_log_prune() under the log's lock, with the log loaded.
 */
gboolean
bk_event_log_prune_locked (BkEventLog *log,
                           guint64 keep_segments,
                           const char *actor,
                           guint64 *removed_count,
                           GError **error)
{
  g_autoptr (GArray) segments = bk_event_log_list_segments (log, error);
  g_autoptr (BkEventSnapshot) snapshot = NULL;
  gboolean exists;

  if (segments == NULL)
    return FALSE;
  if (keep_segments == 0 || segments->len <= keep_segments)
    return TRUE;
  /* Only up to the snapshot's segment, and not at all while the snapshot is in doubt. */
  if (!bk_event_log_read_snapshot (log, &snapshot, &exists, error))
    return FALSE;
  if (snapshot == NULL || !bk_event_log_check_snapshot (log))
    return TRUE;

  guint64 first_kept = g_array_index (segments, guint64, segments->len - (guint) keep_segments);
  return prune_to (log, MIN (first_kept, snapshot->last_segment), actor, removed_count, error);
}
