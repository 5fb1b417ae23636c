#pragma once

#include <glib.h>

/*
 * Cockpit's flow control, of one channel: after each 16 KiB the sender sends a ping with the number
 * of bytes so far, the receiver answers with a pong of the same number once it has passed them on,
 * and the sender stops 2 MiB past the last pong. Nothing between us and a browser throttles
 * otherwise. No I/O and no clock here.
 */

#define BK_FLOW_PING_BYTES (16 * 1024)
#define BK_FLOW_WINDOW_BYTES (2 * 1024 * 1024)

typedef struct
{
  gboolean is_on; /* the peer asked for it */
  guint64 sent_bytes;
  guint64 pinged_bytes;
  guint64 ponged_bytes;
  gint64 heard_usecs; /* when the last pong came, or the channel was opened */
} BkFlow;

void bk_flow_init (BkFlow *flow, gboolean is_on, gint64 now_usecs);
gsize bk_flow_room_bytes (const BkFlow *flow);
gboolean bk_flow_sent (BkFlow *flow, gsize length_bytes);
gboolean bk_flow_pong (BkFlow *flow, gint64 sequence_bytes, gint64 now_usecs);
