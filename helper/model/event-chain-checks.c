/* What must hold of one event, given the one before it. Each check sets the fault that it finds. */
#include "model/event-chain-private.h"

#include "base/error.h"
#include "base/gettext.h"
#include "base/quantity.h"

#include <string.h>

/**
 * bk_event_chain_is_sound:
 *
 * Returns: whether no fault was found so far.
 */
gboolean
bk_event_chain_is_sound (const BkEventChain *chain)
{
  return chain->verdict->fault == BK_CHAIN_SOUND;
}

/**
 * bk_event_chain_set_fault:
 * @event: (nullable): the one that is broken, the next to be counted
 * @format: what is wrong with it
 *
 * Only the first fault counts: everything after it may be its consequence.
 */
void
bk_event_chain_set_fault (
    BkEventChain *chain, BkChainFault fault, const BkEvent *event, const char *format, ...)
{
  BkChainVerdict *verdict = chain->verdict;
  va_list args;

  if (!bk_event_chain_is_sound (chain))
    return;
  va_start (args, format);
  g_autofree char *what = g_strdup_vprintf (bk_gettext (format), args);
  va_end (args);

  verdict->fault = fault;
  verdict->broken_segment = chain->segment;
  verdict->broken_index = chain->index;
  if (event == NULL)
    {
      verdict->message = bk_error_one_line (what);
      return;
    }
  g_autofree char *id = bk_text_dup (&event->id);
  g_autofree char *message =
      g_strdup_printf (_ ("Segment %s, event %s (“%s”): %s"), BK_DIGITS (chain->segment),
                       BK_DIGITS (chain->index), id, what);

  verdict->broken_event_id = bk_error_one_line (id);
  verdict->message = bk_error_one_line (message);
}

/**
 * bk_event_chain_adopt_first:
 *
 * The first event of a log that begins in mid-chain without an anchor: what it follows from is
 * taken as it says, and held against an event of pruning, or the snapshot, at the end.
 */
void
bk_event_chain_adopt_first (BkEventChain *chain, const BkEvent *event)
{
  chain->first_previous_hash = bk_text_dup (&event->previous_hash);
  chain->first_is_own = event->hash_version > 0;
  chain->seq_before_first = event->seq > 0 ? event->seq - 1 : 0;
  if (event->previous_hash.length_bytes == BK_SHA256_HEX_LENGTH)
    memcpy (chain->last_hash, event->previous_hash.data, BK_SHA256_HEX_LENGTH);
  else
    bk_event_chain_set_fault (chain, BK_CHAIN_LINK, event,
                              "it is the first one kept, and names no event that it follows from");
  chain->last_seq = chain->seq_before_first;
  chain->last_version = event->hash_version;
}

/**
 * bk_event_chain_check_hash:
 *
 * Whether the event is what its hashes say.
 */
void
bk_event_chain_check_hash (BkEventChain *chain, const BkEvent *event)
{
  char hex[BK_SHA256_HEX_LENGTH + 1];

  if (!bk_event_hasher_event (chain->hasher, event, hex))
    bk_event_chain_set_fault (chain, BK_CHAIN_HASH, event,
                              "its hash_version %s is not known to this program",
                              BK_DIGITS (event->hash_version));
  else if (!bk_text_is (&event->current_hash, hex))
    bk_event_chain_set_fault (chain, BK_CHAIN_HASH, event,
                              "its content is not what its current_hash says: it was changed");
  else if (event->hash_version > 0 && event->has_more)
    bk_event_chain_set_fault (chain, BK_CHAIN_HASH, event,
                              "it has members that its hash does not cover");
  else if (event->hash_version > 0 && event->payload.data == NULL)
    bk_event_chain_set_fault (chain, BK_CHAIN_HASH, event, "its payload was removed");
  else if (event->payload.data != NULL && !bk_event_hasher_payload_matches (chain->hasher, event))
    bk_event_chain_set_fault (chain, BK_CHAIN_HASH, event,
                              "its payload is not what its payload_hash says: it was changed");
}

/**
 * bk_event_chain_check_order:
 *
 * Whether its number and version follow those of the event before.
 */
void
bk_event_chain_check_order (BkEventChain *chain, const BkEvent *event)
{
  if (event->hash_version < chain->last_version)
    bk_event_chain_set_fault (chain, BK_CHAIN_ORDER, event,
                              "an event of an older hash_version follows a newer");
  else if (event->hash_version > 0 && event->seq != chain->last_seq + 1)
    bk_event_chain_set_fault (chain, BK_CHAIN_ORDER, event,
                              "it is number %s where number %s belongs", BK_DIGITS (event->seq),
                              BK_DIGITS (chain->last_seq + 1));
}

/**
 * bk_event_chain_check_link:
 *
 * Whether it follows from the event before by hash.
 */
void
bk_event_chain_check_link (BkEventChain *chain, const BkEvent *event)
{
  if (chain->last_hash[0] == '\0' && event->previous_hash.data != NULL)
    bk_event_chain_set_fault (chain, BK_CHAIN_LINK, event,
                              "it is the first of the log, but says that it follows from another");
  else if (chain->last_hash[0] != '\0' && !bk_text_is (&event->previous_hash, chain->last_hash))
    bk_event_chain_set_fault (
        chain, BK_CHAIN_LINK, event,
        "its previous_hash is not the current_hash of the event before it: one was removed, "
        "added or moved");
}

/**
 * bk_event_chain_check_snapshot:
 * @event: stands where the snapshot says that the log had come to
 *
 * Whether it is the event that the snapshot names, and as many as it counts.
 */
void
bk_event_chain_check_snapshot (BkEventChain *chain, const BkEvent *event)
{
  const BkEventSnapshot *snapshot = chain->snapshot;
  gboolean counted = event->hash_version == 0 && chain->verdict->scope == BK_CHAIN_FROM_GENESIS;

  chain->snapshot_seen = TRUE;
  if (!bk_text_is (&event->id, snapshot->last_event_id) ||
      !bk_text_is (&event->current_hash, snapshot->last_current_hash) ||
      !bk_text_is (&event->timestamp, snapshot->last_timestamp))
    bk_event_chain_set_fault (chain, BK_CHAIN_SNAPSHOT_MISMATCH, event,
                              "the snapshot names another event at this place");
  else if ((event->hash_version > 0 && event->seq != snapshot->total_events) ||
           (counted && chain->verdict->events_count != snapshot->total_events))
    bk_event_chain_set_fault (chain, BK_CHAIN_SNAPSHOT_MISMATCH, event,
                              "the snapshot counts %s events up to here",
                              BK_NUMBER (snapshot->total_events));
}
