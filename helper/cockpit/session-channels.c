/* A session's channels: which may be opened, and when each ends. */
#include "cockpit/session-private.h"

#include "base/error.h"
#include "base/gettext.h"
#include "base/language.h"
#include "cockpit/control.h"

#define PAYLOAD "backup1"
#define REVOKE "ticket.revoke"
#define CHANNELS_MAX_COUNT 1024

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
void
bk_session_retire (BkSession *self, BkChannel *channel)
{
  g_hash_table_steal (self->open, bk_channel_id (channel));
  if (bk_channel_is_running (channel))
    g_hash_table_add (self->ending, channel);
  else
    free_channel (self, channel);
}

/**
 * bk_session_close_channel:
 * @problem: (nullable): Cockpit's word for why
 * @message: (nullable): the same for people
 */
void
bk_session_close_channel (BkSession *self,
                          BkChannel *channel,
                          const char *problem,
                          const char *message)
{
  bk_channel_close (channel, problem, message);
  bk_session_retire (self, channel);
}

/* @group: (nullable): every channel when %NULL */
void
bk_session_close_group (BkSession *self,
                        const char *group,
                        const char *problem,
                        const char *message)
{
  g_autoptr (GList) channels = g_hash_table_get_values (self->open);

  for (GList *l = channels; l != NULL; l = l->next)
    {
      if (group == NULL || g_strcmp0 (bk_channel_group (l->data), group) == 0)
        bk_session_close_channel (self, l->data, problem, message);
    }
}

/**
 * bk_session_on_channel_ended:
 * @user_data: the session
 *
 * A channel calls it, in the main loop, when its operation's thread has ended.
 */
void
bk_session_on_channel_ended (BkChannel *channel, gpointer user_data)
{
  BkSession *self = user_data;

  if (!g_hash_table_remove (self->ending, channel))
    g_hash_table_steal (self->open, bk_channel_id (channel));
  free_channel (self, channel);
  bk_session_check_end (self);
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

/* @message: the "open", hostile until checked. What cannot be opened is closed with the reason. */
void
bk_session_open_channel (BkSession *self, const char *id, JsonObject *message)
{
  g_autoptr (GError) error = NULL;
  const char *payload = NULL;
  BkChannel *same = g_hash_table_lookup (self->open, id);

  if (same != NULL && !bk_channel_is_closed (same))
    {
      bk_session_close_channel (self, same, "protocol-error", _ ("The channel was opened twice"));
      return;
    }
  if (same != NULL)
    bk_session_retire (self, same);
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
        bk_session_close_channel (session, l->data, "access-denied",
                                  _ ("Administrative access has ended; ask for it again"));
    }
}
