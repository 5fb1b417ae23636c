/*
 * The bridge of a session that is not root's: passes frames between Cockpit and the service, unchanged.
 * It reads the control messages only to know which channels are open, so that it can close them when
 * the service goes. Each side is read only while the other takes what came.
 */
#include "cockpit/relay.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "base/language.h"
#include "cockpit/control.h"
#include "cockpit/frames.h"
#include "cockpit/socket.h"
#include "cockpit/transport.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>

/* How long our last frames may take to be read. */
#define LINGER_MSECS 1000

typedef struct
{
  BkRelayOptions options;
  GMainLoop *loop;
  BkTransport *cockpit;
  BkTransport *service; /* (nullable): while there is a connection */
  GHashTable *open;     /* set of ids of channels */
  GBytes *init;         /* (nullable): Cockpit's */
  gboolean is_greeted;  /* by the service */
  gboolean has_failed;
  gboolean is_ending;
  guint greeting_id;
} Relay;

static void
send_control (BkTransport *transport, JsonObject *message)
{
  bk_transport_lock (transport);
  bk_transport_control_locked (transport, message);
  bk_transport_unlock (transport);
}

static void
send_close (Relay *self, const char *id, const char *problem, const char *text)
{
  JsonObject *message = bk_control_new ("close", id);

  json_object_set_string_member (message, "problem", problem);
  json_object_set_string_member (message, "message", text);
  send_control (self->cockpit, message);
}

/* Passes a frame on; @from is not read while @to has no room. */
static void
pass (BkTransport *from, BkTransport *to, const char *id, GBytes *payload)
{
  gsize length_bytes;
  const void *data = g_bytes_get_data (payload, &length_bytes);

  bk_transport_lock (to);
  bk_transport_send_locked (to, id, data, length_bytes);
  gboolean has_room = bk_transport_has_room_locked (to);
  bk_transport_unlock (to);
  if (!has_room)
    bk_transport_hold (from, TRUE);
}

static gboolean
free_later (gpointer transport)
{
  bk_transport_free (transport);
  return G_SOURCE_REMOVE;
}

static void
close_all (Relay *self, const char *problem, const char *text)
{
  GHashTableIter iter;
  gpointer id;

  g_hash_table_iter_init (&iter, self->open);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    send_close (self, id, problem, text);
  g_hash_table_remove_all (self->open);
}

/* The connection is over; the next "open" makes another. */
static void
lose_service (Relay *self, const char *problem, const char *text)
{
  BkTransport *service = g_steal_pointer (&self->service);

  g_clear_handle_id (&self->greeting_id, g_source_remove);
  if (service == NULL)
    return;
  bk_transport_cut (service);
  g_idle_add (free_later, service);
  bk_transport_hold (self->cockpit, FALSE);
  close_all (self, problem, text);
}

static void
take_greeting (Relay *self, JsonObject *message)
{
  const char *problem = NULL;
  const char *text = NULL;

  if (!bk_control_get_string (message, "problem", &problem, NULL) ||
      !bk_control_get_string (message, "message", &text, NULL))
    problem = "protocol-error";
  self->is_greeted = TRUE;
  g_clear_handle_id (&self->greeting_id, g_source_remove);
  if (problem != NULL)
    lose_service (self, problem, text != NULL ? text : _ ("The backup service refused"));
}

/* Returns whether Cockpit is to have the message. */
static gboolean
look_at_answer (Relay *self, GBytes *payload)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) message = bk_control_parse (payload, &error);

  if (message == NULL)
    {
      lose_service (self, "protocol-error", error->message);
      return FALSE;
    }
  const char *command = json_object_get_string_member (message, "command");
  const char *id = json_object_get_string_member_with_default (message, "channel", NULL);

  if (g_str_equal (command, "init"))
    take_greeting (self, message);
  else if (id != NULL && g_str_equal (command, "close"))
    g_hash_table_remove (self->open, id);
  /* Cockpit's bridges end a peer that says anything else about no channel. */
  return id != NULL;
}

static void
on_service_frame (const char *id, GBytes *payload, gpointer user_data)
{
  Relay *self = user_data;

  if (self->service != NULL && (*id != '\0' || look_at_answer (self, payload)))
    pass (self->service, self->cockpit, id, payload);
}

static void
on_service_end (const GError *error, gpointer user_data)
{
  lose_service (user_data, "disconnected",
                _ ("The backup service has ended; what it had started goes on. Try again"));
}

/* The service takes more: so may we. */
static void
on_service_drained (gpointer user_data, gpointer unused)
{
  Relay *self = user_data;

  bk_transport_hold (self->cockpit, FALSE);
}

static gboolean
on_no_greeting (gpointer user_data)
{
  Relay *self = user_data;

  self->greeting_id = 0;
  lose_service (self, "timeout", _ ("The backup service does not answer"));
  return G_SOURCE_REMOVE;
}

static gboolean
connect_service (Relay *self, GError **error)
{
  const BkTransportHandlers handlers = { on_service_frame, on_service_end, on_service_drained,
                                         self };
  autofd int in_fd = bk_service_connect (self->options.runtime_dir, error);
  autofd int out_fd = in_fd < 0 ? -1 : fcntl (in_fd, F_DUPFD_CLOEXEC, 3);

  if (in_fd < 0)
    return FALSE;
  if (out_fd < 0)
    {
      bk_set_error (error, BK_ERROR_FAILED, "Too many files are open");
      return FALSE;
    }
  self->service =
      bk_transport_new (bk_fd_steal (&in_fd), bk_fd_steal (&out_fd), BK_FRAME_ANSWER_MAX_BYTES);
  self->is_greeted = FALSE;
  self->greeting_id = g_timeout_add (self->options.greeting_max_msecs, on_no_greeting, self);
  pass (self->cockpit, self->service, "", self->init);
  bk_transport_start (self->service, &handlers);
  return TRUE;
}

static void
refuse (Relay *self, const char *id, const GError *error)
{
  if (bk_error_code (error) == BK_ERROR_UNAVAILABLE)
    send_close (self, id, BK_RELAY_NO_SERVICE,
                _ ("The backup service does not run. Start it as root: "
                   "systemctl enable --now cockpit-backup.socket"));
  else
    send_close (self, id, bk_error_problem (error), error->message);
}

static void begin_end (Relay *self, const char *problem, const char *text);

static void
break_off (Relay *self, const char *why)
{
  g_warning ("%s", why);
  self->has_failed = TRUE;
  begin_end (self, "protocol-error", why);
}

static void
take_open (Relay *self, const char *id, JsonObject *message, GBytes *payload)
{
  g_autoptr (GError) error = NULL;
  const char *language = NULL;

  /* All channels are of one person. */
  if (bk_control_get_string (message, "language", &language, NULL) && language != NULL)
    bk_language_set (bk_language_find (language));
  /* Its end may have come before this, and be looked at after: to a service that has gone nobody
   * says anything. */
  if (self->service != NULL)
    bk_transport_hear_end (self->service);
  if (self->service == NULL && !connect_service (self, &error))
    {
      refuse (self, id, error);
      return;
    }
  g_hash_table_add (self->open, g_strdup (id));
  pass (self->cockpit, self->service, "", payload);
}

static void
take_about_channel (
    Relay *self, const char *command, const char *id, JsonObject *message, GBytes *payload)
{
  if (g_str_equal (command, "open"))
    {
      take_open (self, id, message, payload);
      return;
    }
  if (self->service == NULL || !g_hash_table_contains (self->open, id))
    return;
  if (g_str_equal (command, "close"))
    g_hash_table_remove (self->open, id);
  pass (self->cockpit, self->service, "", payload);
}

static void
take_control (Relay *self, GBytes *payload)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) message = bk_control_parse (payload, &error);

  if (message == NULL)
    {
      break_off (self, error->message);
      return;
    }
  const char *command = json_object_get_string_member (message, "command");
  const char *id = json_object_get_string_member_with_default (message, "channel", NULL);

  if (g_str_equal (command, "init"))
    {
      g_clear_pointer (&self->init, g_bytes_unref);
      self->init = g_bytes_ref (payload);
    }
  else if (self->init == NULL)
    break_off (self, _ ("The first message must be “init”"));
  else if (id != NULL)
    take_about_channel (self, command, id, message, payload);
  else if (g_str_equal (command, "kill") && self->service != NULL)
    pass (self->cockpit, self->service, "", payload);
}

static void
on_cockpit_frame (const char *id, GBytes *payload, gpointer user_data)
{
  Relay *self = user_data;

  if (*id == '\0')
    take_control (self, payload);
  else if (self->service != NULL && g_hash_table_contains (self->open, id))
    pass (self->cockpit, self->service, id, payload);
}

static void
on_cockpit_end (const GError *error, gpointer user_data)
{
  Relay *self = user_data;

  if (error != NULL)
    break_off (self, error->message);
  else
    g_main_loop_quit (self->loop);
}

static void
on_cockpit_drained (gpointer user_data, gpointer unused)
{
  Relay *self = user_data;

  if (self->service != NULL)
    bk_transport_hold (self->service, FALSE);
}

static gboolean
on_lingered (gpointer user_data)
{
  g_main_loop_quit (((Relay *) user_data)->loop);
  return G_SOURCE_REMOVE;
}

static void
begin_end (Relay *self, const char *problem, const char *text)
{
  if (self->is_ending)
    return;
  self->is_ending = TRUE;
  bk_transport_stop_frames (self->cockpit);
  if (self->service != NULL)
    lose_service (self, problem, text);
  else
    close_all (self, problem, text);
  g_timeout_add (LINGER_MSECS, on_lingered, self);
}

static gboolean
on_signal (gpointer user_data)
{
  begin_end (user_data, "terminated", _ ("The helper was asked to stop"));
  return G_SOURCE_CONTINUE;
}

/**
 * bk_relay_run:
 *
 * Passes frames until Cockpit closes its side, a signal asks for the end, or Cockpit breaks the
 * protocol. Connects to the service at an "open", and again at the next one after a connection was
 * lost.
 *
 * Returns: 0, or 1 after a protocol error.
 */
int
bk_relay_run (const BkRelayOptions *options)
{
  static const int signals[] = { SIGTERM, SIGHUP, SIGINT };
  Relay self = { .options = *options };
  const BkTransportHandlers handlers = { on_cockpit_frame, on_cockpit_end, on_cockpit_drained,
                                         &self };
  JsonObject *init = bk_control_new ("init", NULL);

  signal (SIGPIPE, SIG_IGN);
  self.loop = g_main_loop_new (NULL, FALSE);
  self.open = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self.cockpit = bk_transport_new (options->in_fd, options->out_fd, BK_FRAME_MAX_BYTES);
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    g_unix_signal_add (signals[i], on_signal, &self);
  json_object_set_int_member (init, "version", 1);
  send_control (self.cockpit, init);
  bk_transport_start (self.cockpit, &handlers);
  g_main_loop_run (self.loop);

  g_clear_handle_id (&self.greeting_id, g_source_remove);
  g_clear_pointer (&self.service, bk_transport_free);
  bk_transport_free (self.cockpit);
  g_clear_pointer (&self.init, g_bytes_unref);
  g_hash_table_unref (self.open);
  g_main_loop_unref (self.loop);
  return self.has_failed ? 1 : 0;
}
