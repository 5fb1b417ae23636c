#pragma once

#include <json-glib/json-glib.h>

/*
 * Control messages: JSON objects with a "command" and, where they are about one channel, its id in
 * "channel". What comes in is hostile until checked.
 */

/* What an "open" for us says. */
typedef struct
{
  char *op;
  JsonObject *args;
  char *ticket;    /* (nullable): as it came; hostile */
  char *ticket_id; /* (nullable): of the good ticket the channel lives by; not of the message */
  char *group;     /* (nullable) */
  gboolean is_ticket_used_up; /* by this channel; not of the message */
  char *language;  /* (nullable): what its messages are to be in, as cockpit.language names it */
  gboolean is_raw;
  gboolean is_external; /* Cockpit serves it over HTTP: what comes before ready makes its status */
  gboolean has_flow_control;
  gboolean gathers; /* a text frame may hold several objects, each in a line of its own */
  gboolean sends_acks;
} BkOpenOptions;

JsonObject *bk_control_parse (GBytes *payload, GError **error);
gboolean
bk_control_get_string (JsonObject *message, const char *name, const char **value, GError **error);
gboolean
bk_control_get_bool (JsonObject *message, const char *name, gboolean *value, GError **error);

BkOpenOptions *bk_open_options_parse (JsonObject *message, GError **error);
void bk_open_options_free (BkOpenOptions *options);

JsonObject *bk_control_new (const char *command, const char *channel);
char *bk_control_to_text (JsonObject *message);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkOpenOptions, bk_open_options_free)
