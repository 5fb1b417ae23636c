/* What a verification takes and gives, as values: snapshot, anchor, verdict, and the words for the
 * verdict's enums. */
#include "model/event-chain.h"

static const char *const fault_names[] = {
  [BK_CHAIN_SOUND] = "sound",
  [BK_CHAIN_UNREADABLE] = "unreadable",
  [BK_CHAIN_HASH] = "hash",
  [BK_CHAIN_ORDER] = "order",
  [BK_CHAIN_LINK] = "link",
  [BK_CHAIN_MISSING_SEGMENT] = "missing-segment",
  [BK_CHAIN_SNAPSHOT_MISMATCH] = "snapshot-mismatch",
};

static const char *const scope_names[] = {
  [BK_CHAIN_FROM_GENESIS] = "genesis",
  [BK_CHAIN_FROM_ANCHOR] = "anchor",
  [BK_CHAIN_FROM_SNAPSHOT] = "snapshot",
  [BK_CHAIN_FROM_FIRST_KEPT] = "first-kept",
};

const char *
bk_chain_fault_to_string (BkChainFault fault)
{
  return fault_names[fault];
}

const char *
bk_chain_scope_to_string (BkChainScope scope)
{
  return scope_names[scope];
}

BkEventSnapshot *
bk_event_snapshot_copy (const BkEventSnapshot *snapshot)
{
  BkEventSnapshot *copy = g_memdup2 (snapshot, sizeof *snapshot);

  copy->last_event_id = g_strdup (snapshot->last_event_id);
  copy->last_current_hash = g_strdup (snapshot->last_current_hash);
  copy->last_timestamp = g_strdup (snapshot->last_timestamp);
  return copy;
}

void
bk_event_snapshot_free (BkEventSnapshot *snapshot)
{
  g_free (snapshot->last_event_id);
  g_free (snapshot->last_current_hash);
  g_free (snapshot->last_timestamp);
  g_free (snapshot);
}

BkEventAnchor *
bk_event_anchor_copy (const BkEventAnchor *anchor)
{
  BkEventAnchor *copy = g_memdup2 (anchor, sizeof *anchor);

  copy->previous_hash = g_strdup (anchor->previous_hash);
  return copy;
}

void
bk_event_anchor_free (BkEventAnchor *anchor)
{
  g_free (anchor->previous_hash);
  g_free (anchor);
}

void
bk_chain_verdict_free (BkChainVerdict *verdict)
{
  g_free (verdict->message);
  g_free (verdict->broken_event_id);
  g_free (verdict->first_event_id);
  g_free (verdict->last_event_id);
  g_free (verdict->last_current_hash);
  g_free (verdict);
}
