#include "cockpit/control.h"

#include "base/error.h"
#include "base/gettext.h"
#include "cockpit/frames.h"
#include "format/json.h"

#include <string.h>

static gboolean
wrong (GError **error, const char *name, const char *why)
{
  bk_set_error (error, BK_ERROR_USAGE, "A control message is wrong: “%s” %s", name, why);
  return FALSE;
}

static gboolean
holds (JsonNode *node, GType type)
{
  return JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == type;
}

/**
 * bk_control_get_string:
 * @value: (out) (transfer none) (nullable): %NULL when it is not there
 *
 * Errors: %BK_ERROR_USAGE when it is there and not a text.
 */
gboolean
bk_control_get_string (JsonObject *message, const char *name, const char **value, GError **error)
{
  JsonNode *node = json_object_get_member (message, name);

  *value = NULL;
  if (node == NULL)
    return TRUE;
  if (!holds (node, G_TYPE_STRING))
    return wrong (error, name, _ ("must be a text"));
  *value = json_node_get_string (node);
  return TRUE;
}

/**
 * bk_control_get_bool:
 * @value: (out): %FALSE when it is not there
 *
 * Errors: %BK_ERROR_USAGE when it is there and not a boolean.
 */
gboolean
bk_control_get_bool (JsonObject *message, const char *name, gboolean *value, GError **error)
{
  JsonNode *node = json_object_get_member (message, name);

  *value = FALSE;
  if (node == NULL)
    return TRUE;
  if (!holds (node, G_TYPE_BOOLEAN))
    return wrong (error, name, _ ("must be true or false"));
  *value = json_node_get_boolean (node);
  return TRUE;
}

static gboolean
get_object (JsonObject *message, const char *name, JsonObject **value, GError **error)
{
  JsonNode *node = json_object_get_member (message, name);

  *value = NULL;
  if (node == NULL)
    return TRUE;
  if (!JSON_NODE_HOLDS_OBJECT (node))
    return wrong (error, name, _ ("must be an object"));
  *value = json_node_get_object (node);
  return TRUE;
}

/**
 * bk_control_parse:
 *
 * Returns: (transfer full) (nullable): the message. It has a "command", and its "channel" is an id
 *   if it is there.
 * Errors: %BK_ERROR_USAGE: the peer does not speak the protocol.
 */
JsonObject *
bk_control_parse (GBytes *payload, GError **error)
{
  gsize length_bytes;
  const char *text = g_bytes_get_data (payload, &length_bytes);
  g_autoptr (GError) local_error = NULL;
  g_autoptr (JsonObject) message = bk_json_parse_object (
      text != NULL ? text : "", (gssize) length_bytes, _ ("A control message"), &local_error);
  const char *command;
  const char *channel;

  if (message == NULL)
    {
      bk_set_error (error, BK_ERROR_USAGE, "%s", local_error->message);
      return NULL;
    }
  if (!bk_control_get_string (message, "command", &command, error) ||
      !bk_control_get_string (message, "channel", &channel, error))
    return NULL;
  if (command == NULL || *command == '\0')
    {
      wrong (error, "command", _ ("is missing"));
      return NULL;
    }
  if (channel != NULL && (*channel == '\0' || strchr (channel, '\n') != NULL ||
                          strlen (channel) > BK_FRAME_CHANNEL_MAX_BYTES))
    {
      wrong (error, "channel", _ ("is not the id of a channel"));
      return NULL;
    }
  return g_steal_pointer (&message);
}

/* A word that can have one value only, when it is there at all. */
static gboolean
get_word (
    JsonObject *message, const char *name, const char *word, gboolean *is_there, GError **error)
{
  const char *value;

  if (!bk_control_get_string (message, name, &value, error))
    return FALSE;
  if (value != NULL && !g_str_equal (value, word))
    return wrong (error, name, _ ("is not a value that is known"));
  *is_there = value != NULL;
  return TRUE;
}

/**
 * bk_open_options_parse:
 * @message: an "open"
 *
 * Returns: (transfer full) (nullable): what it asks for. `args` are not checked yet.
 * Errors: %BK_ERROR_USAGE for a member of the wrong type.
 */
BkOpenOptions *
bk_open_options_parse (JsonObject *message, GError **error)
{
  g_autoptr (BkOpenOptions) options = g_new0 (BkOpenOptions, 1);
  const char *op;
  const char *ticket;
  const char *group;
  const char *language;
  JsonObject *args;
  JsonObject *external;

  if (!bk_control_get_string (message, "op", &op, error) ||
      !bk_control_get_string (message, "ticket", &ticket, error) ||
      !bk_control_get_string (message, "group", &group, error) ||
      !bk_control_get_string (message, "language", &language, error) ||
      !get_object (message, "args", &args, error) ||
      !get_object (message, "external", &external, error) ||
      !get_word (message, "binary", "raw", &options->is_raw, error) ||
      !get_word (message, "send-acks", "bytes", &options->sends_acks, error) ||
      !bk_control_get_bool (message, "flow-control", &options->has_flow_control, error) ||
      !bk_control_get_bool (message, "gather", &options->gathers, error))
    return NULL;

  options->op = g_strdup (op);
  options->ticket = g_strdup (ticket);
  options->group = g_strdup (group);
  options->language = g_strdup (language);
  options->args = args != NULL ? json_object_ref (args) : json_object_new ();
  options->is_external = external != NULL;
  return g_steal_pointer (&options);
}

void
bk_open_options_free (BkOpenOptions *options)
{
  g_free (options->op);
  g_clear_pointer (&options->args, json_object_unref);
  g_free (options->ticket);
  g_free (options->ticket_id);
  g_free (options->group);
  g_free (options->language);
  g_free (options);
}

/**
 * bk_control_new:
 * @channel: (nullable): what it is about
 *
 * Returns: (transfer full): a message to send.
 */
JsonObject *
bk_control_new (const char *command, const char *channel)
{
  JsonObject *message = json_object_new ();

  json_object_set_string_member (message, "command", command);
  if (channel != NULL)
    json_object_set_string_member (message, "channel", channel);
  return message;
}

/**
 * bk_control_to_text:
 *
 * Returns: (transfer full): @message as it goes into a frame.
 */
char *
bk_control_to_text (JsonObject *message)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  json_node_set_object (node, message);
  return bk_json_to_text (node, FALSE);
}
