#pragma once

#include "format/event-segment.h"

/*
 * The end of a segment: where its last complete event ends, and what the next one follows from.
 */

/* The last event of a log. */
typedef struct
{
  char id[256];
  char timestamp[64];
  char hash[BK_SHA256_HEX_LENGTH + 1]; /* empty: there is no event yet */
  guint64 seq;
  guint64 hash_version;
} BkEventHead;

typedef struct
{
  BkEventHead head;
  guint64 good_bytes;  /* up to the end of the last complete event */
  guint64 size_bytes;  /* of the file */
  guint64 torn_bytes;  /* after the last complete event, if that is more than a closing */
  gboolean appendable; /* one event a line, as ours are; if not, the next event opens a segment */
} BkEventTail;

/* One write to a segment is at most this long, so a torn tail is too. */
#define BK_EVENT_TAIL_MAX_BYTES (256 * 1024)

gboolean bk_event_tail_read (int fd, const char *name, BkEventTail *tail, GError **error);
gboolean bk_event_tail_cut (
    int dirfd, int fd, const char *name, const BkEventTail *tail, char **sha256, GError **error);
void bk_event_head_set (BkEventHead *head, const BkEvent *event);
