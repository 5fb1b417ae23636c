#pragma once

#include "format/event-snapshot.h"
#include "store/event-log/event-log.h"
#include "store/event-log/tail.h"

#include <sys/types.h>

/* What the parts of an event log's writer share: event-log.c (the public functions, and what they do
 * under the lock), load.c, append.c and prune.c. */

#define BK_EVENT_LOG_FILE_MODE 0600

typedef enum
{
  BK_EVENT_SNAPSHOT_UNCHECKED,
  BK_EVENT_SNAPSHOT_SOUND,    /* it names an event that is in the log, or there is none */
  BK_EVENT_SNAPSHOT_IN_DOUBT, /* it cannot be read, or names an event that is not in the log */
} BkEventSnapshotState;

struct _BkEventLog
{
  int data_dirfd;
  BkEventLogLimits limits;
  BkEventHasher *hasher;

  /* What is known of the log, as long as nobody else wrote to it. */
  gboolean loaded;
  int log_dirfd;
  int segment_fd;
  ino_t segment_inode;
  guint64 segment; /* 0: there is none yet */
  guint64 segment_events;
  BkEventTail tail;

  guint64 snapshot_events; /* that the snapshot on disk counts */
  BkEventSnapshotState snapshot_state;
};

/* What a look at a segment brings: its first event, and whether the snapshot's is in it. */
typedef struct
{
  const BkEventSnapshot *wanted; /* (nullable) */
  guint64 index;
  gboolean found;
  guint64 first_seq; /* 0: the first event has no number */
  char *first_previous_hash;
} BkEventSegmentScan;

gboolean bk_event_log_is_current (BkEventLog *log);
gboolean bk_event_log_load (BkEventLog *log, GError **error);
gboolean bk_event_log_has_segment (BkEventLog *log, guint64 segment);
GArray *bk_event_log_list_segments (BkEventLog *log, GError **error);
gboolean bk_event_log_scan_segment (BkEventLog *log,
                                    guint64 segment,
                                    BkEventSegmentScan *scan,
                                    gboolean first_only,
                                    GError **error);
void bk_event_segment_scan_clear (BkEventSegmentScan *scan);
gboolean bk_event_log_read_snapshot (BkEventLog *log,
                                     BkEventSnapshot **snapshot,
                                     gboolean *exists,
                                     GError **error);

gboolean bk_event_log_append_locked (BkEventLog *log,
                                     const BkEventRecord *records,
                                     guint records_count,
                                     GError **error);
gboolean bk_event_log_check_snapshot (BkEventLog *log);

gboolean bk_event_log_prune_locked (BkEventLog *log,
                                    guint64 keep_segments,
                                    const char *actor,
                                    guint64 *removed_count,
                                    GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BkEventSegmentScan, bk_event_segment_scan_clear)
