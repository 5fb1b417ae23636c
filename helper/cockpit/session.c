#include "cockpit/session-private.h"

#include "base/error.h"
#include "base/gettext.h"
#include "base/language.h"
#include "cockpit/control.h"
#include "cockpit/frames.h"

#include <string.h>

static void
begin_end (BkSession *self, const char *problem, const char *message)
{
  if (self->is_ending)
    return;
  self->is_ending = TRUE;
  bk_transport_stop_frames (self->transport);
  bk_session_close_group (self, NULL, problem, message);
  bk_session_await_end (self);
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
    bk_session_close_group (self, group, "terminated", _ ("The session closed the channel"));
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
      bk_session_open_channel (self, id, message);
      return;
    }

  /* It may have been closed by us a moment ago: what the peer had sent before is no error. */
  BkChannel *channel = g_hash_table_lookup (self->open, id);
  if (channel == NULL)
    return;
  bk_channel_control (channel, command, message);
  if (bk_channel_is_closed (channel))
    bk_session_retire (self, channel);
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
    bk_session_retire (self, channel);
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
  bk_session_check_end (self);
}

static void
on_drained (gpointer user_data, gpointer unused)
{
  bk_session_check_end (user_data);
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
    .ended = bk_session_on_channel_ended,
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
 * bk_session_has_failed:
 *
 * Returns: whether the peer broke the protocol.
 */
gboolean
bk_session_has_failed (const BkSession *session)
{
  return session->has_failed;
}
