#pragma once

#include "api/operation.h"
#include "cockpit/control.h"
#include "cockpit/transport.h"

/*
 * One open channel: an operation that runs in a thread of its own, and its end of the protocol.
 * Used in the main loop only.
 */

typedef struct _BkChannel BkChannel;

/* Called in the main loop once the channel's thread has ended. */
typedef void (*BkChannelEndedFunc) (BkChannel *channel, gpointer user_data);

/* What all channels of a bridge have in common; it outlives them. */
typedef struct
{
  BkTransport *transport;
  const BkOperation *const *operations;
  const char *config_path; /* (nullable) */
  const char *actor;       /* who asks */
  gint64 patience_usecs;   /* see bk_channel_sink_new() */
  BkChannelEndedFunc ended;
  gpointer user_data;
} BkChannelContext;

BkChannel *
bk_channel_open (const BkChannelContext *context, const char *id, BkOpenOptions *options);
void bk_channel_free (BkChannel *channel);
const char *bk_channel_id (const BkChannel *channel);
const char *bk_channel_group (const BkChannel *channel);
const char *bk_channel_ticket_id (const BkChannel *channel);
gboolean bk_channel_has_used_ticket_up (const BkChannel *channel);
gboolean bk_channel_is_running (const BkChannel *channel);
gboolean bk_channel_is_closed (const BkChannel *channel);

void bk_channel_control (BkChannel *channel, const char *command, JsonObject *message);
void bk_channel_data (BkChannel *channel, GBytes *payload);
void bk_channel_close (BkChannel *channel, const char *problem, const char *message);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkChannel, bk_channel_free)
