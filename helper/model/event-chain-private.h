#pragma once

#include "model/event-chain.h"

/* What the walk over a log (event-chain.c) shares with the checks of one event
 * (event-chain-checks.c). */

struct _BkEventChain
{
  BkEventHasher *hasher;
  BkEventSnapshot *snapshot;
  BkEventAnchor *anchor;
  gboolean fast;

  guint64 segment; /* the one being fed; 0 before the first */
  guint64 first_segment;
  guint64 index; /* in the segment, of the next event */
  gboolean snapshot_seen;
  gboolean started; /* an event was verified */
  guint64 last_version;
  guint64 last_seq;
  char last_hash[BK_SHA256_HEX_LENGTH + 1]; /* empty: nothing to follow from */
  char *first_previous_hash;                /* of a log that begins in mid-chain */
  guint64 seq_before_first;
  gboolean first_is_own; /* it has a seq: this program wrote it */
  gboolean anchor_confirmed;

  char *first_event_id;
  GString *last_event_id;
  BkChainVerdict *verdict;
};

gboolean bk_event_chain_is_sound (const BkEventChain *chain);
void bk_event_chain_set_fault (BkEventChain *chain,
                               BkChainFault fault,
                               const BkEvent *event,
                               const char *format,
                               ...) G_GNUC_PRINTF (4, 5);

void bk_event_chain_adopt_first (BkEventChain *chain, const BkEvent *event);
void bk_event_chain_check_hash (BkEventChain *chain, const BkEvent *event);
void bk_event_chain_check_order (BkEventChain *chain, const BkEvent *event);
void bk_event_chain_check_link (BkEventChain *chain, const BkEvent *event);
void bk_event_chain_check_snapshot (BkEventChain *chain, const BkEvent *event);
