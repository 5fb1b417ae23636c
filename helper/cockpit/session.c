#include "cockpit/session.h"

#include "base/error.h"
#include "base/gettext.h"
#include "base/language.h"
#include "cockpit/channel.h"
#include "cockpit/control.h"
#include "cockpit/frames.h"
#include "cockpit/transport.h"

#include <string.h>

#define PAYLOAD "backup1"
#define REVOKE "ticket.revoke"
#define CHANNELS_MAX_COUNT 1024

/* At the end: how long operations and a slow peer are waited for, and how long the peer may take
 * to close its side after our last frame (Cockpit's Python bridge loses frames otherwise). */
#define END_MAX_MSECS 5000
#define LINGER_MSECS 1000

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

static gboolean
on_ended (gpointer user_data)
{
  BkSession *self = user_data;

  self->ended_id = 0;
  self->options.ended (self, self->options.user_data);
  return G_SOURCE_REMOVE;
}

static void
check_end (BkSession *self)
{
  if (!self->is_ending || self->ended_id != 0 || g_hash_table_size (self->open) > 0 ||
      g_hash_table_size (self->ending) > 0 || !bk_transport_is_drained (self->transport))
    return;
  /* Not at once: whoever called is still at work on the session. */
  if (self->is_peer_gone || self->has_lingered)
    self->ended_id = g_idle_add (on_ended, self);
}

static gboolean
on_lingered (gpointer user_data)
{
  BkSession *self = user_data;

  self->linger_id = 0;
  self->has_lingered = TRUE;
  check_end (self);
  return G_SOURCE_REMOVE;
}

static gboolean
on_end_timeout (gpointer user_data)
{
  BkSession *self = user_data;

  self->timeout_id = 0;
  self->has_lingered = TRUE;
  bk_transport_cut (self->transport);
  if (g_hash_table_size (self->ending) > 0)
    {
      g_warning ("%u operations did not end in time", g_hash_table_size (self->ending));
      if (self->options.stuck != NULL)
        self->options.stuck (self, self->options.user_data);
    }
  check_end (self);
  return G_SOURCE_REMOVE;
}

static void
forget_ticket (BkSession *self, const char *id)
{
  bk_guard_forget (self->options.guard, id);
  g_hash_table_remove (self->tickets, id);
}

static void
free_channel (BkSession *self, BkChannel *channel)
{
  if (bk_channel_has_used_ticket_up (channel))
    forget_ticket (self, bk_channel_ticket_id (channel));
  bk_channel_free (channel);
}

/* Takes the channel from those that frames are for; it goes away with its thread. */
static void
retire (BkSession *self, BkChannel *channel)
{
  g_hash_table_steal (self->open, bk_channel_id (channel));
  if (bk_channel_is_running (channel))
    g_hash_table_add (self->ending, channel);
  else
    free_channel (self, channel);
}

static void
close_and_retire (BkSession *self, BkChannel *channel, const char *problem, const char *message)
{
  bk_channel_close (channel, problem, message);
  retire (self, channel);
}

/* @group: (nullable): every channel when %NULL */
static void
close_group (BkSession *self, const char *group, const char *problem, const char *message)
{
  g_autoptr (GList) channels = g_hash_table_get_values (self->open);

  for (GList *l = channels; l != NULL; l = l->next)
    {
      if (group == NULL || g_strcmp0 (bk_channel_group (l->data), group) == 0)
        close_and_retire (self, l->data, problem, message);
    }
}

static void
begin_end (BkSession *self, const char *problem, const char *message)
{
  if (self->is_ending)
    return;
  self->is_ending = TRUE;
  bk_transport_stop_frames (self->transport);
  close_group (self, NULL, problem, message);
  self->linger_id = g_timeout_add (LINGER_MSECS, on_lingered, self);
  self->timeout_id = g_timeout_add (END_MAX_MSECS, on_end_timeout, self);
  check_end (self);
}

static void
protocol_error (BkSession *self, const char *message)
{
  if (self->is_ending)
    return;
  g_warning ("%s", message);
  self->has_failed = TRUE;
  begin_end (self, "protocol-error", message);
}

static void
on_channel_ended (BkChannel *channel, gpointer user_data)
{
  BkSession *self = user_data;

  if (!g_hash_table_remove (self->ending, channel))
    g_hash_table_steal (self->open, bk_channel_id (channel));
  free_channel (self, channel);
  check_end (self);
}

static void
refuse_open (BkSession *self, const char *id, const char *problem, const char *text)
{
  JsonObject *message = bk_control_new ("close", id);

  json_object_set_string_member (message, "problem", problem);
  json_object_set_string_member (message, "message", text);
  bk_transport_lock (self->transport);
  bk_transport_control_locked (self->transport, message);
  bk_transport_unlock (self->transport);
}

static gboolean
admit (BkSession *self, BkOpenOptions *options, GError **error)
{
  if (self->options.guard == NULL)
    return TRUE;
  if (!bk_guard_admit (self->options.guard, self->options.uid, options, error))
    return FALSE;
  bk_transport_trust (self->transport, TRUE);
  if (options->ticket_id != NULL)
    g_hash_table_add (self->tickets, g_strdup (options->ticket_id));
  return TRUE;
}

/* What was let in by tickets that were good for one time. */
static void
forget_downloads (BkSession *self)
{
  GHashTableIter iter;
  gpointer channel;

  g_hash_table_iter_init (&iter, self->open);
  while (g_hash_table_iter_next (&iter, NULL, &channel))
    {
      if (bk_channel_has_used_ticket_up (channel))
        forget_ticket (self, bk_channel_ticket_id (channel));
    }
}

/* Whoever holds a ticket may give it back: the page does when Cockpit drops its privileges, and with
 * them the way to the command line. Then this session's downloads end too. */
static void
revoke_ticket (BkSession *self, const char *id, BkOpenOptions *options)
{
  static const char *const answers[] = { "ready", "done", "close" };
  g_autoptr (GError) error = NULL;

  if (!bk_guard_revoke (self->options.guard, self->options.uid, options, &error))
    {
      refuse_open (self, id, bk_error_problem (error), error->message);
      return;
    }
  bk_transport_lock (self->transport);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    bk_transport_control_locked (self->transport, bk_control_new (answers[i], id));
  bk_transport_unlock (self->transport);
  forget_downloads (self);
  bk_session_look_at_tickets (self);
}

static void
open_channel (BkSession *self, const char *id, JsonObject *message)
{
  g_autoptr (GError) error = NULL;
  const char *payload = NULL;
  BkChannel *same = g_hash_table_lookup (self->open, id);

  if (same != NULL && !bk_channel_is_closed (same))
    {
      close_and_retire (self, same, "protocol-error", _ ("The channel was opened twice"));
      return;
    }
  if (same != NULL)
    retire (self, same);
  if (!bk_control_get_string (message, "payload", &payload, &error))
    {
      refuse_open (self, id, "protocol-error", error->message);
      return;
    }
  if (g_strcmp0 (payload, PAYLOAD) != 0)
    {
      refuse_open (self, id, "not-supported", _ ("This helper serves the payload “backup1” only"));
      return;
    }
  if (g_hash_table_size (self->open) + g_hash_table_size (self->ending) >= CHANNELS_MAX_COUNT)
    {
      refuse_open (self, id, "busy", _ ("Too many channels are open; close some and try again"));
      return;
    }

  g_autoptr (BkOpenOptions) options = bk_open_options_parse (message, &error);
  if (options == NULL)
    {
      refuse_open (self, id, "protocol-error", error->message);
      return;
    }
  if (self->options.guard != NULL && g_strcmp0 (options->op, REVOKE) == 0)
    {
      revoke_ticket (self, id, options);
      return;
    }
  bk_language_set (options->language != NULL ? bk_language_find (options->language) : NULL);
  gboolean is_admitted = admit (self, options, &error);
  bk_language_set (NULL);
  if (!is_admitted)
    {
      refuse_open (self, id, bk_error_problem (error), error->message);
      return;
    }
  BkChannel *channel = bk_channel_open (&self->context, id, g_steal_pointer (&options));
  if (bk_channel_is_running (channel))
    g_hash_table_insert (self->open, (char *) bk_channel_id (channel), channel);
  else
    free_channel (self, channel);
}

static void
take_init (BkSession *self, JsonObject *message)
{
  JsonNode *version = json_object_get_member (message, "version");

  if (version == NULL || !JSON_NODE_HOLDS_VALUE (version) ||
      json_node_get_value_type (version) != G_TYPE_INT64 || json_node_get_int (version) != 1)
    {
      protocol_error (self, _ ("The peer speaks another version of the protocol"));
      return;
    }
  self->has_init = TRUE;
  g_clear_handle_id (&self->greeting_id, g_source_remove);
}

static void
take_kill (BkSession *self, JsonObject *message)
{
  const char *host;
  const char *group;
  g_autoptr (GError) error = NULL;

  if (!bk_control_get_string (message, "host", &host, &error) ||
      !bk_control_get_string (message, "group", &group, &error))
    {
      protocol_error (self, error->message);
      return;
    }
  /* A host is another machine's: its own bridge does that. */
  if (host == NULL)
    close_group (self, group, "terminated", _ ("The session closed the channel"));
}

/* Commands that are about one channel; without one nobody knows what they mean. */
static gboolean
needs_channel (const char *command)
{
  static const char *const commands[] = {
    "open", "close", "done", "ready", "options", "ack", NULL
  };

  return g_strv_contains (commands, command);
}

static void
take_channel_command (BkSession *self, const char *command, const char *id, JsonObject *message)
{
  if (g_str_equal (command, "open"))
    {
      open_channel (self, id, message);
      return;
    }

  /* It may have been closed by us a moment ago: what the peer had sent before is no error. */
  BkChannel *channel = g_hash_table_lookup (self->open, id);
  if (channel == NULL)
    return;
  bk_channel_control (channel, command, message);
  if (bk_channel_is_closed (channel))
    retire (self, channel);
}

static void
take_control (BkSession *self, GBytes *payload)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) message = bk_control_parse (payload, &error);

  if (message == NULL)
    {
      protocol_error (self, error->message);
      return;
    }

  const char *command = json_object_get_string_member (message, "command");
  const char *id = json_object_get_string_member_with_default (message, "channel", NULL);

  if (g_str_equal (command, "init"))
    take_init (self, message);
  else if (!self->has_init)
    protocol_error (self, _ ("The first message must be “init”"));
  else if (id != NULL)
    take_channel_command (self, command, id, message);
  else if (g_str_equal (command, "kill"))
    take_kill (self, message);
  else if (needs_channel (command))
    protocol_error (self, _ ("A control message lacks its channel"));
}

static void
on_frame (const char *id, GBytes *payload, gpointer user_data)
{
  BkSession *self = user_data;

  if (*id == '\0')
    {
      take_control (self, payload);
      return;
    }
  if (!self->has_init)
    {
      protocol_error (self, _ ("The first message must be “init”"));
      return;
    }

  BkChannel *channel = g_hash_table_lookup (self->open, id);
  if (channel == NULL)
    return;
  bk_channel_data (channel, payload);
  if (bk_channel_is_closed (channel))
    retire (self, channel);
}

static void
on_end (const GError *error, gpointer user_data)
{
  BkSession *self = user_data;

  if (error != NULL)
    protocol_error (self, error->message);
  else
    self->is_peer_gone = TRUE;
  begin_end (self, "terminated", NULL);
  check_end (self);
}

static void
on_drained (gpointer user_data, gpointer unused)
{
  check_end (user_data);
}

static gboolean
on_no_greeting (gpointer user_data)
{
  BkSession *self = user_data;

  self->greeting_id = 0;
  protocol_error (self, _ ("The peer did not say “init” in time"));
  return G_SOURCE_REMOVE;
}

static void
send_init (BkSession *self)
{
  JsonObject *message = bk_control_new ("init", NULL);

  json_object_set_int_member (message, "version", 1);
  bk_transport_lock (self->transport);
  bk_transport_control_locked (self->transport, message);
  bk_transport_unlock (self->transport);
}

/**
 * bk_session_new:
 *
 * Serves channels, in the default main context, until the peer closes its side or breaks the protocol,
 * or bk_session_end(). The ended() of @options comes after that, never before this returns.
 *
 * Returns: (transfer full): the session.
 */
BkSession *
bk_session_new (const BkSessionOptions *options)
{
  BkSession *self = g_new0 (BkSession, 1);
  const BkTransportHandlers handlers = { on_frame, on_end, on_drained, self };

  self->options = *options;
  self->config_path = g_strdup (options->config_path);
  self->actor = g_strdup (options->actor);
  self->transport = bk_transport_new (options->in_fd, options->out_fd, BK_FRAME_MAX_BYTES);
  self->open = g_hash_table_new (g_str_hash, g_str_equal);
  self->ending = g_hash_table_new (NULL, NULL);
  self->tickets = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->context = (BkChannelContext){
    .transport = self->transport,
    .operations = options->operations,
    .config_path = self->config_path,
    .actor = self->actor,
    .patience_usecs = options->patience_usecs,
    .ended = on_channel_ended,
    .user_data = self,
  };
  if (options->greeting_max_msecs > 0)
    self->greeting_id = g_timeout_add (options->greeting_max_msecs, on_no_greeting, self);
  if (options->guard != NULL)
    bk_transport_trust (self->transport, FALSE);
  send_init (self);
  bk_transport_start (self->transport, &handlers);
  return self;
}

/**
 * bk_session_free:
 * @session: all is over, or the process ends at once: threads of operations that do not obey their
 *   cancellable still use it
 *
 * The tickets that were shown die with the session.
 */
void
bk_session_free (BkSession *session)
{
  GHashTableIter iter;
  gpointer ticket_id;

  g_hash_table_iter_init (&iter, session->tickets);
  while (g_hash_table_iter_next (&iter, &ticket_id, NULL))
    bk_guard_forget (session->options.guard, ticket_id);
  g_clear_handle_id (&session->greeting_id, g_source_remove);
  g_clear_handle_id (&session->linger_id, g_source_remove);
  g_clear_handle_id (&session->timeout_id, g_source_remove);
  g_clear_handle_id (&session->ended_id, g_source_remove);
  if (g_hash_table_size (session->open) + g_hash_table_size (session->ending) > 0)
    return;
  g_hash_table_unref (session->open);
  g_hash_table_unref (session->ending);
  g_hash_table_unref (session->tickets);
  bk_transport_free (session->transport);
  g_free (session->config_path);
  g_free (session->actor);
  g_free (session);
}

/**
 * bk_session_end:
 * @message: one line for people, for the channels that are open
 *
 * Begins the orderly end; ended() says when it is over.
 */
void
bk_session_end (BkSession *session, const char *message)
{
  begin_end (session, "terminated", message);
}

/**
 * bk_session_look_at_tickets:
 *
 * Closes the channels whose ticket was revoked or has expired.
 */
void
bk_session_look_at_tickets (BkSession *session)
{
  g_autoptr (GList) channels = g_hash_table_get_values (session->open);

  for (GList *l = channels; l != NULL; l = l->next)
    {
      const char *ticket_id = bk_channel_ticket_id (l->data);

      if (ticket_id != NULL && !bk_guard_is_alive (session->options.guard, ticket_id))
        close_and_retire (session, l->data, "access-denied",
                          _ ("Administrative access has ended; ask for it again"));
    }
}

/**
 * bk_session_has_failed:
 *
 * Returns: whether the peer broke the protocol.
 */
gboolean
bk_session_has_failed (const BkSession *session)
{
  return session->has_failed;
}
