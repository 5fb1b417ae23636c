#include "format/event-snapshot.h"
#include "format/event-verifier.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* The input is a snapshot, an anchor and segments, with a NUL after each. */
static const char *
next_part (const char **at, const char *end, gsize *length_bytes)
{
  const char *part = *at;
  const char *nul = memchr (part, '\0', (gsize) (end - part));

  *length_bytes = (gsize) ((nul == NULL ? end : nul) - part);
  *at = nul == NULL ? end : nul + 1;
  return part;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *at = (const char *) data;
  const char *end = at + size;
  gsize length_bytes;
  const char *part = next_part (&at, end, &length_bytes);
  g_autoptr (BkEventSnapshot) snapshot = bk_event_snapshot_from_json (part, length_bytes, NULL);

  part = next_part (&at, end, &length_bytes);
  g_autoptr (BkEventAnchor) anchor = bk_event_anchor_from_json (part, length_bytes, NULL);
  const char *segments = at;

  for (guint fast = 0; fast <= 1; fast++)
    {
      g_autoptr (BkEventVerifier) verifier = bk_event_verifier_new (fast != 0, snapshot, anchor);

      at = segments;
      for (guint64 segment = 1; at < end; segment++)
        {
          part = next_part (&at, end, &length_bytes);
          if (!bk_event_verifier_wants_segment (verifier, segment))
            continue;
          bk_event_verifier_begin_segment (verifier, segment);
          bk_event_verifier_feed (verifier, part, length_bytes);
          bk_event_verifier_end_segment (verifier);
        }
      g_autoptr (BkChainVerdict) verdict = bk_event_verifier_end (verifier);
      g_assert ((verdict->fault == BK_CHAIN_SOUND) == (verdict->message == NULL));
    }
  return 0;
}
