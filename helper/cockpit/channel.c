#include "cockpit/channel.h"

#include "api/runner.h"
#include "base/error.h"
#include "base/gettext.h"
#include "base/language.h"
#include "base/thread.h"
#include "cockpit/channel-sink.h"
#include "store/state/settings-file.h"

#include <string.h>

struct _BkChannel
{
  const BkChannelContext *context;
  char *id;
  BkOpenOptions *options;
  const BkOperation *operation; /* (nullable) */
  BkChannelSink *sink;
  GCancellable *cancellable;
  GThread *thread;  /* (nullable) */
  gboolean is_done; /* the peer sends no more data */
};

static void
close_with_error (BkChannel *self, const GError *error)
{
  g_autofree char *line = bk_error_one_line (error->message);

  bk_channel_sink_close (self->sink, bk_error_problem (error), line);
}

static gboolean
run_operation (BkChannel *self, GError **error)
{
  g_auto (GStrv) environment = g_get_environ ();
  g_autoptr (BkSettings) settings =
      bk_settings_load (self->context->config_path, environment, error);

  if (settings == NULL)
    return FALSE;

  BkCall call = {
    .settings = settings,
    .actor = self->context->actor,
    .args = self->options->args,
  };
  return bk_run_operation (self->operation, &call, BK_FACE_CHANNEL, BK_SINK (self->sink),
                           self->cancellable, error);
}

static gboolean
on_ended (gpointer user_data)
{
  BkChannel *self = user_data;

  g_clear_pointer (&self->thread, g_thread_join);
  self->context->ended (self, self->context->user_data);
  return G_SOURCE_REMOVE;
}

static gpointer
channel_thread (gpointer user_data)
{
  BkChannel *self = user_data;
  g_autoptr (GError) error = NULL;

  if (run_operation (self, &error))
    bk_channel_sink_finish (self->sink);
  else
    close_with_error (self, error);
  g_idle_add_full (G_PRIORITY_DEFAULT, on_ended, self, NULL);
  return NULL;
}

static gboolean
check_open (BkChannel *self, GError **error)
{
  const BkChannelContext *context = self->context;

  self->operation = bk_operation_find_in (context->operations, self->options->op);
  if (self->operation == NULL)
    {
      bk_set_error (error, BK_ERROR_UNSUPPORTED, "There is no operation “%s”",
                    self->options->op != NULL ? self->options->op : "");
      return FALSE;
    }
  if ((self->operation->flags & BK_OPERATION_STREAM) != 0 && !self->options->is_raw)
    {
      bk_set_error (error, BK_ERROR_UNSUPPORTED,
                    "%s sends bytes: it needs a channel with “binary”: “raw”",
                    self->operation->name);
      return FALSE;
    }
  return bk_operation_check_args (self->operation, self->options->args, error);
}

static gboolean
start (BkChannel *self, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (!check_open (self, error))
    return FALSE;
  /* Over HTTP an error before ready becomes the status of the answer, so ready waits there. */
  if (!self->options->is_external && !self->options->is_raw)
    bk_channel_sink_ready (self->sink);
  self->thread = bk_thread_try_new ("operation", channel_thread, self, &local_error);
  if (self->thread == NULL)
    {
      bk_set_error (error, BK_ERROR_FAILED, "%s was not started: %s", self->operation->name,
                    local_error->message);
      return FALSE;
    }
  return TRUE;
}

/**
 * bk_channel_open:
 * @options: (transfer full): what the peer asks for
 *
 * Starts the operation, or closes the channel at once and says why; bk_channel_is_running() tells
 * which.
 *
 * Returns: (transfer full): the channel.
 */
BkChannel *
bk_channel_open (const BkChannelContext *context, const char *id, BkOpenOptions *options)
{
  BkChannel *self = g_new0 (BkChannel, 1);
  g_autoptr (GError) error = NULL;

  self->context = context;
  self->id = g_strdup (id);
  self->options = options;
  self->cancellable = g_cancellable_new ();
  self->sink = bk_channel_sink_new (context->transport, id, options, context->patience_usecs);
  /* Its thread takes the language on; others may want another. */
  if (options->language != NULL)
    bk_language_set (bk_language_find (options->language));
  if (!start (self, &error))
    close_with_error (self, error);
  bk_language_set (NULL);
  return self;
}

/**
 * bk_channel_free:
 * @channel: its thread has ended
 */
void
bk_channel_free (BkChannel *channel)
{
  g_return_if_fail (channel->thread == NULL);
  g_clear_object (&channel->sink);
  g_clear_object (&channel->cancellable);
  bk_open_options_free (channel->options);
  g_free (channel->id);
  g_free (channel);
}

const char *
bk_channel_id (const BkChannel *channel)
{
  return channel->id;
}

/**
 * bk_channel_group:
 *
 * Returns: (nullable): what a "kill" may name.
 */
const char *
bk_channel_group (const BkChannel *channel)
{
  return channel->options->group;
}

/**
 * bk_channel_ticket_id:
 *
 * Returns: (nullable): the ticket that it lives by.
 */
const char *
bk_channel_ticket_id (const BkChannel *channel)
{
  return channel->options->ticket_id;
}

/**
 * bk_channel_has_used_ticket_up:
 *
 * Returns: whether that ticket was good for this channel only, as a download's is.
 */
gboolean
bk_channel_has_used_ticket_up (const BkChannel *channel)
{
  return channel->options->is_ticket_used_up;
}

/**
 * bk_channel_is_running:
 *
 * Returns: whether its thread has not ended; ended() comes for it then.
 */
gboolean
bk_channel_is_running (const BkChannel *channel)
{
  return channel->thread != NULL;
}

/**
 * bk_channel_is_closed:
 *
 * Returns: whether its "close" went out; nothing that comes in is for it any more.
 */
gboolean
bk_channel_is_closed (const BkChannel *channel)
{
  return bk_channel_sink_is_closed (channel->sink);
}

/**
 * bk_channel_close:
 * @problem: (nullable): %NULL answers the peer's own close
 *
 * Closes the channel and stops the watching. A job that it asked for goes on: only its own
 * cancel stops it.
 */
void
bk_channel_close (BkChannel *channel, const char *problem, const char *message)
{
  bk_channel_sink_close (channel->sink, problem, message);
  g_cancellable_cancel (channel->cancellable);
}

static void
protocol_error (BkChannel *self, const char *message)
{
  bk_channel_close (self, "protocol-error", message);
}

static void
answer_ping (BkChannel *self, JsonObject *ping)
{
  JsonObject *pong = json_object_new ();
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  json_object_iter_init (&iter, ping);
  while (json_object_iter_next (&iter, &name, &node))
    json_object_set_member (pong, name, json_node_copy (node));
  json_object_set_string_member (pong, "command", "pong");
  bk_channel_sink_control (self->sink, pong);
}

static void
take_pong (BkChannel *self, JsonObject *pong)
{
  JsonNode *node = json_object_get_member (pong, "sequence");

  if (node == NULL)
    return;
  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_INT64 ||
      !bk_channel_sink_pong (self->sink, json_node_get_int (node)))
    protocol_error (self, _ ("A pong came in that answers no ping"));
}

/**
 * bk_channel_control:
 * @message: with a "channel" that is this one's id
 */
void
bk_channel_control (BkChannel *channel, const char *command, JsonObject *message)
{
  if (g_str_equal (command, "close"))
    bk_channel_close (channel, NULL, NULL);
  else if (g_str_equal (command, "ping"))
    answer_ping (channel, message);
  else if (g_str_equal (command, "pong"))
    take_pong (channel, message);
  else if (g_str_equal (command, "options"))
    bk_channel_close (channel, "not-supported", _ ("This channel has no options to change"));
  else if (g_str_equal (command, "done") && channel->is_done)
    protocol_error (channel, _ ("A second “done” came in"));
  else if (g_str_equal (command, "done"))
    channel->is_done = TRUE;
}

/**
 * bk_channel_data:
 *
 * No operation takes data: they are held against the protocol, acknowledged and dropped.
 */
void
bk_channel_data (BkChannel *channel, GBytes *payload)
{
  gsize length_bytes;
  const char *data = g_bytes_get_data (payload, &length_bytes);

  if (channel->is_done)
    {
      protocol_error (channel, _ ("Data came in after “done”"));
      return;
    }
  if (!channel->options->is_raw && length_bytes > 0 &&
      !g_utf8_validate_len (data, length_bytes, NULL))
    {
      protocol_error (channel, _ ("What came in on a text channel is not UTF-8 text"));
      return;
    }
  if (!channel->options->sends_acks || length_bytes == 0)
    return;

  JsonObject *ack = bk_control_new ("ack", channel->id);
  json_object_set_int_member (ack, "bytes", (gint64) length_bytes);
  bk_channel_sink_control (channel->sink, ack);
}
