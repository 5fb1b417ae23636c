#include "model/event-chain-private.h"

#include "base/gettext.h"
#include "base/quantity.h"

#include <string.h>

/**
 * bk_event_chain_new:
 * @fast: verify only what came after @snapshot; without a snapshot it is verified in full
 * @snapshot: (nullable): what the log's snapshot says
 * @anchor: (nullable): what the log's anchor says; it counts only if an event of pruning in the log
 *   says the same
 */
BkEventChain *
bk_event_chain_new (gboolean fast, const BkEventSnapshot *snapshot, const BkEventAnchor *anchor)
{
  BkEventChain *self = g_new0 (BkEventChain, 1);

  self->hasher = bk_event_hasher_new ();
  self->snapshot = snapshot == NULL ? NULL : bk_event_snapshot_copy (snapshot);
  self->anchor = anchor == NULL ? NULL : bk_event_anchor_copy (anchor);
  self->fast = fast && snapshot != NULL;
  self->last_event_id = g_string_new (NULL);
  self->verdict = g_new0 (BkChainVerdict, 1);
  self->verdict->snapshot_exists = snapshot != NULL;
  self->verdict->scope = self->fast ? BK_CHAIN_FROM_SNAPSHOT : BK_CHAIN_FROM_GENESIS;
  return self;
}

void
bk_event_chain_free (BkEventChain *chain)
{
  bk_event_hasher_free (chain->hasher);
  g_clear_pointer (&chain->snapshot, bk_event_snapshot_free);
  g_clear_pointer (&chain->anchor, bk_event_anchor_free);
  g_free (chain->first_previous_hash);
  g_free (chain->first_event_id);
  g_string_free (chain->last_event_id, TRUE);
  g_clear_pointer (&chain->verdict, bk_chain_verdict_free);
  g_free (chain);
}

/**
 * bk_event_chain_wants_segment:
 *
 * Returns: whether @segment is to be fed at all. Those below the anchor are what a pruning that was
 *   interrupted left behind; those below the snapshot's are not looked at in a fast verification.
 */
gboolean
bk_event_chain_wants_segment (BkEventChain *chain, guint64 segment)
{
  if (chain->fast && segment < chain->snapshot->last_segment)
    return FALSE;
  return chain->anchor == NULL || segment >= chain->anchor->first_segment;
}

static void
begin_first_segment (BkEventChain *chain, guint64 segment)
{
  guint64 expected = chain->fast             ? chain->snapshot->last_segment
                     : chain->anchor != NULL ? chain->anchor->first_segment
                                             : segment;

  chain->first_segment = segment;
  if (segment != expected)
    {
      bk_event_chain_set_fault (chain, BK_CHAIN_MISSING_SEGMENT, NULL,
                                "Segment %s is missing: the log begins with segment %s",
                                BK_DIGITS (expected), BK_DIGITS (segment));
      return;
    }
  if (chain->fast)
    return;
  if (chain->anchor != NULL)
    {
      g_strlcpy (chain->last_hash, chain->anchor->previous_hash, sizeof chain->last_hash);
      chain->last_seq = chain->anchor->last_seq;
      chain->verdict->scope = BK_CHAIN_FROM_ANCHOR;
    }
  else if (segment > 1)
    {
      chain->verdict->scope = BK_CHAIN_FROM_FIRST_KEPT;
    }
}

/**
 * bk_event_chain_begin_segment:
 * @segment: its number, from 1; they are fed in ascending order
 */
void
bk_event_chain_begin_segment (BkEventChain *chain, guint64 segment)
{
  guint64 previous = chain->segment;

  chain->segment = segment;
  chain->index = 0;
  chain->verdict->segments_count++;
  if (previous == 0)
    begin_first_segment (chain, segment);
  else if (segment != previous + 1)
    bk_event_chain_set_fault (chain, BK_CHAIN_MISSING_SEGMENT, NULL,
                              "Segment %s is missing: after segment %s comes segment %s",
                              BK_DIGITS (previous + 1), BK_DIGITS (previous), BK_DIGITS (segment));
}

static gboolean
is_at_snapshot (const BkEventChain *chain)
{
  return chain->snapshot != NULL && chain->segment == chain->snapshot->last_segment &&
         chain->index == chain->snapshot->last_index_in_segment;
}

static void
count_event (BkEventChain *chain, const BkEvent *event)
{
  if (chain->verdict->events_count++ == 0)
    chain->first_event_id = bk_text_dup (&event->id);
  g_string_truncate (chain->last_event_id, 0);
  g_string_append_len (chain->last_event_id, event->id.data, (gssize) event->id.length_bytes);
}

/* What the next event follows from is what stands here, right or wrong: the first fault is told
 * already, and a backup's manifest still needs the last hash. */
static void
follow (BkEventChain *chain, const BkEvent *event)
{
  gsize length = MIN (event->current_hash.length_bytes, BK_SHA256_HEX_LENGTH);

  memcpy (chain->last_hash, event->current_hash.data, length);
  chain->last_hash[length] = '\0';
  chain->last_seq = event->hash_version > 0 ? event->seq : 0;
  chain->last_version = event->hash_version;
  chain->started = TRUE;
}

/**
 * bk_event_chain_feed:
 * @event: (borrowed): the next one
 *
 * After the first fault it goes on counting, and verifies no more.
 */
void
bk_event_chain_feed (BkEventChain *chain, const BkEvent *event)
{
  gboolean at_snapshot = is_at_snapshot (chain);
  gboolean before_snapshot = chain->fast && !chain->snapshot_seen && !at_snapshot;

  count_event (chain, event);
  if (before_snapshot)
    {
      chain->index++;
      return;
    }
  if (bk_event_chain_is_sound (chain))
    {
      gboolean adopt = !chain->started && (chain->verdict->scope == BK_CHAIN_FROM_FIRST_KEPT ||
                                           chain->verdict->scope == BK_CHAIN_FROM_SNAPSHOT);

      bk_event_chain_check_hash (chain, event);
      if (!adopt)
        {
          bk_event_chain_check_order (chain, event);
          bk_event_chain_check_link (chain, event);
        }
      else if (chain->verdict->scope == BK_CHAIN_FROM_FIRST_KEPT)
        bk_event_chain_adopt_first (chain, event);
      if (at_snapshot)
        bk_event_chain_check_snapshot (chain, event);
      if (bk_event_chain_is_sound (chain))
        chain->verdict->verified_count++;
    }
  follow (chain, event);
  chain->index++;
}

/**
 * bk_event_chain_note_pruning:
 * @anchor: what an event of pruning, just fed, says
 */
void
bk_event_chain_note_pruning (BkEventChain *chain, const BkEventAnchor *anchor)
{
  if (!bk_event_chain_is_sound (chain) || anchor->first_segment != chain->first_segment)
    return;
  if (chain->verdict->scope == BK_CHAIN_FROM_ANCHOR)
    chain->anchor_confirmed = chain->anchor_confirmed ||
                              (anchor->last_seq == chain->anchor->last_seq &&
                               strcmp (anchor->previous_hash, chain->anchor->previous_hash) == 0);
  else if (chain->verdict->scope == BK_CHAIN_FROM_FIRST_KEPT)
    chain->anchor_confirmed = chain->anchor_confirmed ||
                              (anchor->last_seq == chain->seq_before_first &&
                               g_strcmp0 (anchor->previous_hash, chain->first_previous_hash) == 0);
}

/**
 * bk_event_chain_unreadable:
 * @why: what is wrong with the segment after the last event fed
 */
void
bk_event_chain_unreadable (BkEventChain *chain, const char *why)
{
  bk_event_chain_set_fault (chain, BK_CHAIN_UNREADABLE, NULL,
                            "Segment %s, event %s cannot be read: %s", BK_DIGITS (chain->segment),
                            BK_DIGITS (chain->index), why);
}

/**
 * bk_event_chain_bad_snapshot:
 * @why: why the snapshot, or the anchor, cannot be read
 */
void
bk_event_chain_bad_snapshot (BkEventChain *chain, const char *why)
{
  chain->verdict->snapshot_exists = TRUE;
  bk_event_chain_set_fault (chain, BK_CHAIN_SNAPSHOT_MISMATCH, NULL, "%s", why);
}

/* Programs that prune without an event move their snapshot to the last event they remove: then it
 * is the snapshot that vouches for the beginning. */
static gboolean
snapshot_vouches (const BkEventChain *chain)
{
  return chain->snapshot != NULL && chain->snapshot->last_segment + 1 == chain->first_segment &&
         g_strcmp0 (chain->first_previous_hash, chain->snapshot->last_current_hash) == 0;
}

static void
settle_beginning (BkEventChain *chain)
{
  if (chain->verdict->scope == BK_CHAIN_FROM_ANCHOR && !chain->anchor_confirmed)
    bk_event_chain_set_fault (
        chain, BK_CHAIN_MISSING_SEGMENT, NULL,
        "The segments before %s are missing: the anchor says that they were pruned, but no event records that",
        BK_DIGITS (chain->first_segment));
  if (chain->verdict->scope != BK_CHAIN_FROM_FIRST_KEPT)
    return;
  if (chain->anchor_confirmed || (!chain->first_is_own && snapshot_vouches (chain)))
    chain->verdict->scope = BK_CHAIN_FROM_ANCHOR;
  else if (chain->first_is_own)
    bk_event_chain_set_fault (
        chain, BK_CHAIN_MISSING_SEGMENT, NULL,
        "The segments before %s are missing: no event records that they were pruned",
        BK_DIGITS (chain->first_segment));
}

static void
settle_snapshot (BkEventChain *chain)
{
  const BkEventSnapshot *snapshot = chain->snapshot;

  if (snapshot == NULL || chain->snapshot_seen || snapshot_vouches (chain))
    return;
  bk_event_chain_set_fault (
      chain, BK_CHAIN_SNAPSHOT_MISMATCH, NULL,
      "The snapshot knows event “%s” (segment %s, event %s), which is not in the log: its end was cut off, or the snapshot is of another log",
      snapshot->last_event_id, BK_DIGITS (snapshot->last_segment),
      BK_DIGITS (snapshot->last_index_in_segment));
}

/**
 * bk_event_chain_end:
 *
 * Returns: (transfer full): the verdict; the chain takes no more events.
 */
BkChainVerdict *
bk_event_chain_end (BkEventChain *chain)
{
  BkChainVerdict *verdict = chain->verdict;

  if (chain->segment == 0 && chain->anchor != NULL)
    bk_event_chain_set_fault (chain, BK_CHAIN_MISSING_SEGMENT, NULL,
                              "Segment %s is missing: there is no segment at all",
                              BK_DIGITS (chain->anchor->first_segment));
  else if (chain->verdict->events_count > 0)
    settle_beginning (chain);
  settle_snapshot (chain);

  if (verdict->events_count > 0)
    {
      verdict->first_event_id = g_steal_pointer (&chain->first_event_id);
      verdict->last_event_id = g_strdup (chain->last_event_id->str);
      verdict->last_current_hash = g_strdup (chain->last_hash);
    }
  return g_steal_pointer (&chain->verdict);
}
