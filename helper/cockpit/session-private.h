#pragma once

#include "cockpit/channel.h"
#include "cockpit/session.h"
#include "cockpit/transport.h"

/* What the parts of a session share: session-end.c (waiting until all is over), session-channels.c (its
 * channels, and the tickets they live by) and session.c (its beginning, and what the peer says). */

struct _BkSession
{
  BkSessionOptions options;
  char *config_path; /* (nullable) */
  char *actor;
  BkTransport *transport;
  BkChannelContext context;
  GHashTable *open;    /* id → BkChannel, those that frames are for */
  GHashTable *ending;  /* set of BkChannel: closed, and their thread still runs */
  GHashTable *tickets; /* set of ids of the tickets that were shown */
  gboolean has_init;
  gboolean is_ending;
  gboolean is_peer_gone;
  gboolean has_lingered;
  gboolean has_failed;
  guint greeting_id;
  guint linger_id;
  guint timeout_id;
  guint ended_id;
};

void bk_session_check_end (BkSession *self);
void bk_session_await_end (BkSession *self);

void bk_session_open_channel (BkSession *self, const char *id, JsonObject *message);
void bk_session_retire (BkSession *self, BkChannel *channel);
void bk_session_close_channel (BkSession *self,
                               BkChannel *channel,
                               const char *problem,
                               const char *message);
void bk_session_close_group (BkSession *self,
                             const char *group,
                             const char *problem,
                             const char *message);
void bk_session_on_channel_ended (BkChannel *channel, gpointer user_data);
