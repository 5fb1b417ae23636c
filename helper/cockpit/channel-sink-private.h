#pragma once

#include "cockpit/channel-sink.h"
#include "cockpit/flow.h"
#include "cockpit/gather.h"

/* What the two halves of a channel's sink share: bytes and the channel's life in channel-sink.c, JSON
 * objects in channel-text.c. */

struct _BkChannelSink
{
  GObject parent_instance;

  BkTransport *transport; /* outlives every sink */
  char *channel;
  gboolean is_raw;
  gboolean gathers;
  gint64 patience_usecs; /* how long a closed window is waited for */

  /* Under the transport's lock. */
  BkFlow flow;
  BkGather gather;
  GSource *gather_source; /* (nullable): runs for a while after what went out last */
  gboolean is_ready;
  gboolean is_closed;
};

gboolean bk_channel_sink_set_gone (GError **error);
gboolean
bk_channel_sink_await_room (BkChannelSink *self, GCancellable *cancellable, GError **error);
void bk_channel_sink_ready_locked (BkChannelSink *self, gint64 size_hint_bytes);
void bk_channel_sink_queue_locked (BkChannelSink *self, GBytes *frame, gsize length_bytes);
gboolean bk_channel_sink_send_frame (
    BkChannelSink *self, GBytes *frame, gsize length_bytes, gint64 size_hint_bytes, GError **error);
gboolean bk_channel_sink_send_gathered_locked (BkChannelSink *self);
gboolean bk_channel_sink_emit (
    BkSink *sink, BkSinkKind kind, JsonNode *value, GCancellable *cancellable, GError **error);
