#pragma once

#include "model/event.h"

/*
 * Verification of an event log, fed segment by segment and event by event, in constant memory. It
 * names the first event that is broken and why, and says what was verified: a log verified from its
 * snapshot only is never called verified.
 *
 * What an unkeyed chain cannot show: that somebody rewrote all of it, or cut its end off together
 * with the snapshot. That takes a head kept elsewhere, for instance in a cold backup's manifest.
 */

typedef enum
{
  BK_CHAIN_SOUND,
  BK_CHAIN_UNREADABLE,       /* not JSON, or not events */
  BK_CHAIN_HASH,             /* an event's content is not what its hash says */
  BK_CHAIN_ORDER,            /* an event stands where another belongs */
  BK_CHAIN_LINK,             /* an event does not follow from the one before */
  BK_CHAIN_MISSING_SEGMENT,  /* a segment is not there */
  BK_CHAIN_SNAPSHOT_MISMATCH /* the snapshot and the log tell different stories */
} BkChainFault;

typedef enum
{
  BK_CHAIN_FROM_GENESIS,   /* every event there ever was */
  BK_CHAIN_FROM_ANCHOR,    /* every event kept; what pruning removed is vouched for by an event */
  BK_CHAIN_FROM_SNAPSHOT,  /* only what came after the snapshot */
  BK_CHAIN_FROM_FIRST_KEPT /* every event kept; nothing tells whether older ones should be there */
} BkChainScope;

/* event-log-snapshot.json: how far the log had come. */
typedef struct
{
  guint64 last_segment;
  guint64 last_index_in_segment;
  char *last_event_id;
  char *last_current_hash;
  char *last_timestamp;
  guint64 total_events;
} BkEventSnapshot;

/* What pruning leaves: where the log begins now, and what it follows from. */
typedef struct
{
  guint64 first_segment;
  char *previous_hash; /* of the first event in first_segment */
  guint64 last_seq;    /* of the last event removed */
} BkEventAnchor;

typedef struct
{
  BkChainFault fault;
  char *message;          /* NULL when sound */
  guint64 broken_segment; /* of the first broken event, with its index and, if it has one, id */
  guint64 broken_index;
  char *broken_event_id;
  BkChainScope scope;
  guint64 events_count;   /* that were read */
  guint64 verified_count; /* whose hash and link were checked and hold */
  guint64 segments_count;
  gboolean snapshot_exists;
  char *first_event_id;
  char *last_event_id;
  char *last_current_hash;
} BkChainVerdict;

typedef struct _BkEventChain BkEventChain;

BkEventChain *
bk_event_chain_new (gboolean fast, const BkEventSnapshot *snapshot, const BkEventAnchor *anchor);
void bk_event_chain_free (BkEventChain *chain);

gboolean bk_event_chain_wants_segment (BkEventChain *chain, guint64 segment);
void bk_event_chain_begin_segment (BkEventChain *chain, guint64 segment);
void bk_event_chain_feed (BkEventChain *chain, const BkEvent *event);
void bk_event_chain_note_pruning (BkEventChain *chain, const BkEventAnchor *anchor);
void bk_event_chain_unreadable (BkEventChain *chain, const char *why);
void bk_event_chain_bad_snapshot (BkEventChain *chain, const char *why);
BkChainVerdict *bk_event_chain_end (BkEventChain *chain);

const char *bk_chain_fault_to_string (BkChainFault fault);
const char *bk_chain_scope_to_string (BkChainScope scope);

BkEventSnapshot *bk_event_snapshot_copy (const BkEventSnapshot *snapshot);
void bk_event_snapshot_free (BkEventSnapshot *snapshot);
BkEventAnchor *bk_event_anchor_copy (const BkEventAnchor *anchor);
void bk_event_anchor_free (BkEventAnchor *anchor);
void bk_chain_verdict_free (BkChainVerdict *verdict);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkEventChain, bk_event_chain_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkEventSnapshot, bk_event_snapshot_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkEventAnchor, bk_event_anchor_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkChainVerdict, bk_chain_verdict_free)
