#pragma once

#include "model/event-chain.h"

#include <json-glib/json-glib.h>

/*
 * Our own event log: appending to it, for several processes at once.
 *
 * An append writes the new events over the closing "\n]\n" of the last segment and is on the disk
 * (fdatasync) before it returns. What it costs does not depend on the length of the log.
 *
 * A writer that is killed, or a power cut, leaves a torn tail: an incomplete line, zeros, a missing
 * closing. The next append cuts it off, keeps the piece in a file beside the segment, and records
 * that as an event. Only what was never acknowledged can be in such a tail: one write spans at most
 * WRITE_MAX_BYTES and the next begins only after it is durable.
 *
 * Whoever writes a log whose snapshot names events that are not there does not touch the snapshot:
 * `verify` goes on saying so until a person looks at it.
 */

typedef struct
{
  guint64 events_per_segment;
  guint64 snapshot_every;
  guint64 keep_segments; /* 0 keeps all */
} BkEventLogLimits;

/* One event to record. Texts are cut to 4 KiB, and a payload that is longer than a line may be is
 * replaced by its length and hash: what happened is recorded in any case. */
typedef struct
{
  const char *actor;
  const char *evento;
  const char *entidade;
  const char *entidade_id;
  JsonObject *payload; /* (nullable) */
} BkEventRecord;

typedef struct _BkEventLog BkEventLog;

BkEventLog *
bk_event_log_open (const char *data_dir, const BkEventLogLimits *limits, GError **error);
void bk_event_log_free (BkEventLog *log);
gboolean bk_event_log_append (BkEventLog *log,
                              const BkEventRecord *records,
                              guint records_count,
                              GError **error);
gboolean bk_event_log_prune (BkEventLog *log,
                             guint64 keep_segments,
                             const char *actor,
                             guint64 *removed_count,
                             GError **error);

gboolean bk_event_record (const char *state_dir,
                          const char *actor,
                          const char *evento,
                          const char *entidade,
                          const char *entidade_id,
                          JsonObject *payload,
                          GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkEventLog, bk_event_log_free)

/* Held while a log is written, and while a restored one is put in its place. */
#define BK_EVENT_LOG_LOCK_NAME "event-log.lock"
