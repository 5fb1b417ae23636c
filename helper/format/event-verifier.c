#include "format/event-verifier.h"

#include "format/event-segment.h"
#include "format/event-snapshot.h"

struct _BkEventVerifier
{
  BkEventChain *chain;
  BkEventParser *parser; /* of the segment being fed */
  gboolean unreadable;   /* the rest of this segment is */
};

/**
 * bk_event_verifier_new:
 * @fast: begin at the snapshot; what is before it is not verified, and the verdict says so
 * @snapshot: (nullable)
 * @anchor: (nullable): of a log that was pruned
 */
BkEventVerifier *
bk_event_verifier_new (gboolean fast, const BkEventSnapshot *snapshot, const BkEventAnchor *anchor)
{
  BkEventVerifier *self = g_new0 (BkEventVerifier, 1);

  self->chain = bk_event_chain_new (fast, snapshot, anchor);
  return self;
}

void
bk_event_verifier_free (BkEventVerifier *verifier)
{
  bk_event_chain_free (verifier->chain);
  g_clear_pointer (&verifier->parser, bk_event_parser_free);
  g_free (verifier);
}

/**
 * bk_event_verifier_wants_segment:
 *
 * Returns: whether the verdict needs this segment read.
 */
gboolean
bk_event_verifier_wants_segment (BkEventVerifier *verifier, guint64 segment)
{
  return bk_event_chain_wants_segment (verifier->chain, segment);
}

/**
 * bk_event_verifier_begin_segment:
 * @segment: its number. Its bytes follow, then bk_event_verifier_end_segment()
 */
void
bk_event_verifier_begin_segment (BkEventVerifier *verifier, guint64 segment)
{
  g_clear_pointer (&verifier->parser, bk_event_parser_free);
  verifier->parser = bk_event_parser_new ();
  verifier->unreadable = FALSE;
  bk_event_chain_begin_segment (verifier->chain, segment);
}

static void
take_event (const BkEvent *event, gpointer user_data)
{
  BkEventVerifier *verifier = user_data;

  bk_event_chain_feed (verifier->chain, event);
  if (event->hash_version == 0 || !bk_text_is (&event->evento, BK_EVENT_LOG_PRUNED))
    return;

  g_autoptr (BkEventAnchor) anchor =
      bk_event_anchor_from_json (event->payload.data, event->payload.length_bytes, NULL);
  if (anchor != NULL)
    bk_event_chain_note_pruning (verifier->chain, anchor);
}

/**
 * bk_event_verifier_feed:
 * @data: the next bytes of the segment that was begun; hostile
 */
void
bk_event_verifier_feed (BkEventVerifier *verifier, const void *data, gsize length_bytes)
{
  g_autoptr (GError) error = NULL;

  if (verifier->unreadable ||
      bk_event_parser_feed (verifier->parser, data, length_bytes, take_event, verifier, &error))
    return;
  verifier->unreadable = TRUE;
  bk_event_chain_unreadable (verifier->chain, error->message);
}

/**
 * bk_event_verifier_end_segment:
 *
 * A segment that breaks off is a fault of the chain, not an error.
 */
void
bk_event_verifier_end_segment (BkEventVerifier *verifier)
{
  g_autoptr (GError) error = NULL;

  if (!verifier->unreadable && !bk_event_parser_end (verifier->parser, &error))
    bk_event_chain_unreadable (verifier->chain, error->message);
}

/**
 * bk_event_verifier_bad_snapshot:
 * @why: the snapshot cannot be used, for people. It is a fault of the chain
 */
void
bk_event_verifier_bad_snapshot (BkEventVerifier *verifier, const char *why)
{
  bk_event_chain_bad_snapshot (verifier->chain, why);
}

/**
 * bk_event_verifier_end:
 *
 * Returns: (transfer full): the verdict.
 */
BkChainVerdict *
bk_event_verifier_end (BkEventVerifier *verifier)
{
  return bk_event_chain_end (verifier->chain);
}
