#pragma once

#include "cockpit/control.h"
#include "cockpit/flow.h"
#include "cockpit/gather.h"
#include "cockpit/transport.h"

/*
 * One channel's way out: what is sent on it, when there is room, and its end. A function that ends in
 * “locked” is called with the transport's lock held, which guards all that changes here.
 */

typedef struct
{
  GObject *owner;         /* it is a part of */
  BkTransport *transport; /* outlives every channel */
  char *channel;
  gint64 patience_usecs; /* how long a closed window is waited for */

  BkFlow flow;
  BkGather gather;
  GSource *gather_source; /* (nullable): runs for a while after what went out last */
  gboolean is_ready;
  gboolean is_closed;
} BkChannelOut;

void bk_channel_out_init (BkChannelOut *out,
                          GObject *owner,
                          BkTransport *transport,
                          const char *channel,
                          gint64 patience_usecs,
                          gboolean has_flow_control);
void bk_channel_out_clear (BkChannelOut *out);

void bk_channel_out_ready_locked (BkChannelOut *out, gint64 size_hint_bytes);
void bk_channel_out_close_locked (BkChannelOut *out, const char *problem, const char *text);
void bk_channel_out_queue_locked (BkChannelOut *out, GBytes *frame, gsize length_bytes);

gboolean bk_channel_out_await_room (BkChannelOut *out, GCancellable *cancellable, GError **error);
gboolean bk_channel_out_send_frame (
    BkChannelOut *out, GBytes *frame, gsize length_bytes, gint64 size_hint_bytes, GError **error);
gboolean bk_channel_out_set_gone (GError **error);
