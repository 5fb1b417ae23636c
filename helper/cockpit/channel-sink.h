#pragma once

#include "api/sink.h"
#include "cockpit/control.h"
#include "cockpit/transport.h"

/*
 * What goes out on one channel. The operation's thread writes through the BkSink interface; the
 * main loop tells it of pongs and of the peer's close. All of it is guarded by the transport's lock.
 */

#define BK_TYPE_CHANNEL_SINK (bk_channel_sink_get_type ())
G_DECLARE_FINAL_TYPE (BkChannelSink, bk_channel_sink, BK, CHANNEL_SINK, GObject)

BkChannelSink *bk_channel_sink_new (BkTransport *transport,
                                    const char *channel,
                                    const BkOpenOptions *options,
                                    gint64 patience_usecs);
void bk_channel_sink_ready (BkChannelSink *sink);
void bk_channel_sink_finish (BkChannelSink *sink);
void bk_channel_sink_close (BkChannelSink *sink, const char *problem, const char *message);
gboolean bk_channel_sink_is_closed (BkChannelSink *sink);
gboolean bk_channel_sink_pong (BkChannelSink *sink, gint64 sequence_bytes);
void bk_channel_sink_control (BkChannelSink *sink, JsonObject *message);
