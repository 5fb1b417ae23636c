#pragma once

#include "format/event-verifier.h"

#include <gio/gio.h>

/*
 * An event log as it stands at one instant, read while others append to it: no lock is taken and
 * nothing is written. It works because every file of a log only grows, or is replaced as a whole:
 *
 * - our own segment grows over its closing "\n]\n"; what lies before that never changes again, so the
 *   bytes before it, and a closing of our own, are the segment at this instant;
 * - segments of other programs, the snapshot and the anchor are replaced by a rename;
 * - the snapshot is read before the segments are, and written after them.
 */

typedef struct
{
  int data_dirfd;
  int log_dirfd;          /* of "event-log"; -1 when there is none */
  GBytes *snapshot_bytes; /* (nullable) */
  GBytes *anchor_bytes;   /* (nullable) */
  BkEventSnapshot *snapshot;
  BkEventAnchor *anchor;
  char *damage;     /* (nullable): why the snapshot or the anchor cannot be read */
  GArray *segments; /* of guint64, ascending */
} BkEventLogView;

/* One segment of a view. */
typedef struct
{
  int fd;
  guint64 body_bytes; /* that are read from the file */
  gboolean closing;   /* and then closed by us */
} BkEventSegmentView;

/* Told of each piece of a segment. */
typedef gboolean (*BkEventBytesFunc) (const void *data,
                                      gsize length_bytes,
                                      gpointer user_data,
                                      GError **error);

BkEventLogView *bk_event_log_view_open (const char *data_dir, GError **error);
BkEventLogView *bk_event_log_view_open_at (int data_dirfd, const char *what, GError **error);
void bk_event_log_view_free (BkEventLogView *view);

gboolean bk_event_segment_view_open (BkEventLogView *view,
                                     guint64 segment,
                                     BkEventSegmentView *segment_view,
                                     GError **error);
guint64 bk_event_segment_view_size (const BkEventSegmentView *segment_view);
gboolean bk_event_segment_view_read (const BkEventSegmentView *segment_view,
                                     BkEventBytesFunc func,
                                     gpointer user_data,
                                     GCancellable *cancellable,
                                     GError **error);

BkEventVerifier *bk_event_log_view_verifier (const BkEventLogView *view, gboolean fast);
BkChainVerdict *bk_event_log_view_verify (BkEventLogView *view,
                                          gboolean fast,
                                          GCancellable *cancellable,
                                          GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkEventLogView, bk_event_log_view_free)
