#include "cockpit/bridge.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "cockpit/channel.h"
#include "cockpit/control.h"
#include "cockpit/transport.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>

#define PAYLOAD "backup1"
#define CHANNELS_MAX_COUNT 1024

/* At the end: how long operations and a slow peer are waited for, and how long the peer may take
 * to close its side after our last frame (Cockpit's Python bridge loses frames otherwise). */
#define END_MAX_MSECS 5000
#define LINGER_MSECS 1000

typedef struct
{
  GMainLoop *loop;
  BkTransport *transport;
  BkChannelContext context;
  GHashTable *open;   /* id → BkChannel, those that frames are for */
  GHashTable *ending; /* set of BkChannel: closed, and their thread still runs */
  gboolean has_init;
  gboolean is_ending;
  gboolean is_peer_gone;
  gboolean has_lingered;
  guint linger_id;
  guint timeout_id;
  int exit_status;
} Bridge;

static void
check_end (Bridge *self)
{
  if (!self->is_ending || g_hash_table_size (self->open) > 0 ||
      g_hash_table_size (self->ending) > 0 || !bk_transport_is_drained (self->transport))
    return;
  if (self->is_peer_gone || self->has_lingered)
    g_main_loop_quit (self->loop);
}

static gboolean
on_lingered (gpointer user_data)
{
  Bridge *self = user_data;

  self->linger_id = 0;
  self->has_lingered = TRUE;
  check_end (self);
  return G_SOURCE_REMOVE;
}

static gboolean
on_end_timeout (gpointer user_data)
{
  Bridge *self = user_data;

  g_warning ("%u operations did not end in time", g_hash_table_size (self->ending));
  self->timeout_id = 0;
  g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

/* Takes the channel from those that frames are for; it goes away with its thread. */
static void
retire (Bridge *self, BkChannel *channel)
{
  g_hash_table_steal (self->open, bk_channel_id (channel));
  if (bk_channel_is_running (channel))
    g_hash_table_add (self->ending, channel);
  else
    bk_channel_free (channel);
}

static void
close_and_retire (Bridge *self, BkChannel *channel, const char *problem, const char *message)
{
  bk_channel_close (channel, problem, message);
  retire (self, channel);
}

/* @group: (nullable): every channel when %NULL */
static void
close_group (Bridge *self, const char *group, const char *problem, const char *message)
{
  g_autoptr (GList) channels = g_hash_table_get_values (self->open);

  for (GList *l = channels; l != NULL; l = l->next)
    {
      if (group == NULL || g_strcmp0 (bk_channel_group (l->data), group) == 0)
        close_and_retire (self, l->data, problem, message);
    }
}

static void
begin_end (Bridge *self, const char *problem, const char *message)
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
protocol_error (Bridge *self, const char *message)
{
  if (self->is_ending)
    return;
  g_warning ("%s", message);
  self->exit_status = 1;
  begin_end (self, "protocol-error", message);
}

static void
on_channel_ended (BkChannel *channel, gpointer user_data)
{
  Bridge *self = user_data;

  if (!g_hash_table_remove (self->ending, channel))
    g_hash_table_steal (self->open, bk_channel_id (channel));
  bk_channel_free (channel);
  check_end (self);
}

static void
refuse_open (Bridge *self, const char *id, const char *problem, const char *text)
{
  JsonObject *message = bk_control_new ("close", id);

  json_object_set_string_member (message, "problem", problem);
  json_object_set_string_member (message, "message", text);
  bk_transport_lock (self->transport);
  bk_transport_control_locked (self->transport, message);
  bk_transport_unlock (self->transport);
}

static void
open_channel (Bridge *self, const char *id, JsonObject *message)
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

  BkOpenOptions *options = bk_open_options_parse (message, &error);
  if (options == NULL)
    {
      refuse_open (self, id, "protocol-error", error->message);
      return;
    }
  BkChannel *channel = bk_channel_open (&self->context, id, options);
  if (bk_channel_is_running (channel))
    g_hash_table_insert (self->open, (char *) bk_channel_id (channel), channel);
  else
    bk_channel_free (channel);
}

static void
take_init (Bridge *self, JsonObject *message)
{
  JsonNode *version = json_object_get_member (message, "version");

  if (version == NULL || !JSON_NODE_HOLDS_VALUE (version) ||
      json_node_get_value_type (version) != G_TYPE_INT64 || json_node_get_int (version) != 1)
    {
      protocol_error (self, _ ("The peer speaks another version of the protocol"));
      return;
    }
  self->has_init = TRUE;
}

static void
take_kill (Bridge *self, JsonObject *message)
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
take_channel_command (Bridge *self, const char *command, const char *id, JsonObject *message)
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
take_control (Bridge *self, GBytes *payload)
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
  Bridge *self = user_data;

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
  Bridge *self = user_data;

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
on_signal (gpointer user_data)
{
  begin_end (user_data, "terminated", _ ("The helper was asked to stop"));
  return G_SOURCE_CONTINUE;
}

static void
send_init (Bridge *self)
{
  JsonObject *message = bk_control_new ("init", NULL);

  json_object_set_int_member (message, "version", 1);
  bk_transport_lock (self->transport);
  bk_transport_control_locked (self->transport, message);
  bk_transport_unlock (self->transport);
}

static void
clear (Bridge *self)
{
  g_clear_handle_id (&self->linger_id, g_source_remove);
  g_clear_handle_id (&self->timeout_id, g_source_remove);
  g_main_loop_unref (self->loop);
  /* The threads of operations that do not end still use the rest, until the process ends. */
  if (g_hash_table_size (self->open) + g_hash_table_size (self->ending) > 0)
    return;
  g_hash_table_unref (self->open);
  g_hash_table_unref (self->ending);
  bk_transport_free (self->transport);
  g_free (self);
}

/**
 * bk_bridge_run:
 *
 * Serves channels until the peer closes its side, a signal asks for the end, or the peer breaks the
 * protocol. Runs the default main context. The process ends soon after: threads of operations that
 * do not obey their cancellable may be left.
 *
 * Returns: 0, or 1 after a protocol error.
 */
int
bk_bridge_run (const BkBridgeOptions *options)
{
  Bridge *self = g_new0 (Bridge, 1);
  const BkTransportHandlers handlers = { on_frame, on_end, on_drained, self };

  signal (SIGPIPE, SIG_IGN);
  self->loop = g_main_loop_new (NULL, FALSE);
  self->transport = bk_transport_new (options->in_fd, options->out_fd);
  self->open = g_hash_table_new (g_str_hash, g_str_equal);
  self->ending = g_hash_table_new (NULL, NULL);
  self->context = (BkChannelContext){
    .transport = self->transport,
    .operations = options->operations,
    .config_path = options->config_path,
    .actor = options->actor,
    .denied_message = options->denied_message,
    .patience_usecs = options->patience_usecs,
    .ended = on_channel_ended,
    .user_data = self,
  };
  guint term_id = g_unix_signal_add (SIGTERM, on_signal, self);
  guint hup_id = g_unix_signal_add (SIGHUP, on_signal, self);
  guint int_id = g_unix_signal_add (SIGINT, on_signal, self);

  send_init (self);
  bk_transport_start (self->transport, &handlers);
  g_main_loop_run (self->loop);

  g_source_remove (term_id);
  g_source_remove (hup_id);
  g_source_remove (int_id);
  int exit_status = self->exit_status;
  clear (self);
  return exit_status;
}
