#include "cockpit/flow.h"

/**
 * bk_flow_init:
 * @is_on: whether the peer answers pings; without, nothing is held back
 * @now_usecs: of g_get_monotonic_time()
 */
void
bk_flow_init (BkFlow *flow, gboolean is_on, gint64 now_usecs)
{
  *flow = (BkFlow){ .is_on = is_on, .heard_usecs = now_usecs };
}

/**
 * bk_flow_room_bytes:
 *
 * Returns: how much may be sent before the next pong; without flow control any amount.
 */
gsize
bk_flow_room_bytes (const BkFlow *flow)
{
  guint64 open_bytes = flow->sent_bytes - flow->ponged_bytes;

  if (!flow->is_on)
    return G_MAXSIZE;
  return open_bytes < BK_FLOW_WINDOW_BYTES ? (gsize) (BK_FLOW_WINDOW_BYTES - open_bytes) : 0;
}

/**
 * bk_flow_sent:
 *
 * Returns: whether a ping is due now, with the sequence @flow->sent_bytes.
 */
gboolean
bk_flow_sent (BkFlow *flow, gsize length_bytes)
{
  flow->sent_bytes += length_bytes;
  if (!flow->is_on || flow->sent_bytes - flow->pinged_bytes < BK_FLOW_PING_BYTES)
    return FALSE;
  flow->pinged_bytes = flow->sent_bytes;
  return TRUE;
}

/**
 * bk_flow_pong:
 * @sequence_bytes: hostile until checked
 *
 * Returns: whether it can answer a ping of ours. An older one than the last changes nothing.
 */
gboolean
bk_flow_pong (BkFlow *flow, gint64 sequence_bytes, gint64 now_usecs)
{
  if (sequence_bytes < 0 || (guint64) sequence_bytes > flow->pinged_bytes)
    return FALSE;
  flow->ponged_bytes = MAX (flow->ponged_bytes, (guint64) sequence_bytes);
  flow->heard_usecs = now_usecs;
  return TRUE;
}
