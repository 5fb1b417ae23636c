#pragma once

#include "model/event-chain.h"

#include <gio/gio.h>

/*
 * Bytes of segments → a verdict: the parser and the chain put together, in constant memory.
 */

typedef struct _BkEventVerifier BkEventVerifier;

BkEventVerifier *
bk_event_verifier_new (gboolean fast, const BkEventSnapshot *snapshot, const BkEventAnchor *anchor);
void bk_event_verifier_free (BkEventVerifier *verifier);

gboolean bk_event_verifier_wants_segment (BkEventVerifier *verifier, guint64 segment);
void bk_event_verifier_begin_segment (BkEventVerifier *verifier, guint64 segment);
void bk_event_verifier_feed (BkEventVerifier *verifier, const void *data, gsize length_bytes);
void bk_event_verifier_end_segment (BkEventVerifier *verifier);
void bk_event_verifier_bad_snapshot (BkEventVerifier *verifier, const char *why);
BkChainVerdict *bk_event_verifier_end (BkEventVerifier *verifier);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkEventVerifier, bk_event_verifier_free)
