#pragma once

#include "api/sink.h"
#include "cockpit/channel-out.h"

/* JSON objects on a channel. */

typedef enum
{
  BK_CHANNEL_TEXT_FRAMES,   /* each in a frame of its own */
  BK_CHANNEL_TEXT_GATHERED, /* with those that come shortly after it, a line each */
  BK_CHANNEL_TEXT_LINES,    /* over HTTP frames run together: there each ends its line */
} BkChannelTextWay;

gboolean bk_channel_text_flush_locked (BkChannelOut *out);
gboolean bk_channel_text_send (BkChannelOut *out,
                               BkChannelTextWay way,
                               BkSinkKind kind,
                               JsonNode *value,
                               GCancellable *cancellable,
                               GError **error);
