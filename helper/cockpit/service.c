#include "cockpit/service.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "cockpit/control.h"
#include "cockpit/frames.h"
#include "cockpit/session.h"
#include "cockpit/user.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#define ACCEPTS_AT_ONCE 8

/* Out of descriptors or memory: others' ends are waited for. */
#define ACCEPT_PAUSE_MSECS 500

typedef struct
{
  BkServiceOptions options;
  GMainLoop *loop;
  BkGuard *guard;
  GHashTable *connections; /* set of Connection */
  guint accept_id;
  guint pause_id;
  guint idle_id;
  gboolean is_ending;
} Service;

typedef struct
{
  Service *service;
  guint32 uid;
  int fd;             /* until the session has it */
  BkSession *session; /* (nullable): until the user's name is known */
} Connection;

static void check_end (Service *self);

static void
connection_free (Connection *connection)
{
  g_clear_pointer (&connection->session, bk_session_free);
  bk_fd_clear (&connection->fd);
  g_free (connection);
}

static void
drop (Connection *connection)
{
  Service *self = connection->service;

  g_hash_table_remove (self->connections, connection);
  connection_free (connection);
  check_end (self);
}

static void
on_session_ended (BkSession *session, gpointer user_data)
{
  drop (user_data);
}

static gboolean
on_idle (gpointer user_data)
{
  Service *self = user_data;

  self->idle_id = 0;
  g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

/* Without a peer: ends, or waits for one. */
static void
check_end (Service *self)
{
  g_clear_handle_id (&self->idle_id, g_source_remove);
  if (g_hash_table_size (self->connections) > 0)
    return;
  if (self->is_ending)
    g_main_loop_quit (self->loop);
  else if (self->options.idle_max_msecs > 0)
    self->idle_id = g_timeout_add (self->options.idle_max_msecs, on_idle, self);
}

static void
start_session (Connection *connection, const char *actor)
{
  const Service *self = connection->service;
  int out_fd = fcntl (connection->fd, F_DUPFD_CLOEXEC, 3);
  const BkSessionOptions options = {
    .in_fd = connection->fd,
    .out_fd = out_fd,
    .operations = self->options.operations,
    .config_path = self->options.config_path,
    .actor = actor,
    .guard = connection->uid == 0 ? NULL : self->guard,
    .uid = connection->uid,
    .patience_usecs = self->options.patience_usecs,
    .greeting_max_msecs = self->options.greeting_max_msecs,
    .ended = on_session_ended,
    .user_data = connection,
  };

  if (out_fd < 0 || self->is_ending)
    {
      bk_fd_clear (&out_fd);
      drop (connection);
      return;
    }
  bk_fd_steal (&connection->fd);
  connection->session = bk_session_new (&options);
}

static void
find_name (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_task_return_pointer (task, bk_user_dup_name (GPOINTER_TO_UINT (data)), g_free);
}

static void
on_name_found (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree char *actor = g_task_propagate_pointer (G_TASK (result), NULL);

  start_session (user_data, actor);
}

/* Whether one more of this user is served. */
static gboolean
has_place (Service *self, guint32 uid)
{
  guint own_count = 0;
  guint all_count = 0;
  GHashTableIter iter;
  gpointer connection;

  g_hash_table_iter_init (&iter, self->connections);
  while (g_hash_table_iter_next (&iter, &connection, NULL))
    {
      own_count += ((Connection *) connection)->uid == uid;
      all_count += ((Connection *) connection)->uid != 0;
    }
  if (uid == 0)
    return TRUE;
  return own_count < BK_SERVICE_USER_MAX_COUNT &&
         (all_count < BK_SERVICE_STRANGERS_MAX_COUNT || bk_guard_expects (self->guard, uid));
}

/* An "init" with a problem is how a bridge says that it will not do. */
static void
refuse (int fd)
{
  JsonObject *init = bk_control_new ("init", NULL);
  g_autoptr (JsonObject) owned = init;

  json_object_set_int_member (init, "version", 1);
  json_object_set_string_member (init, "problem", "busy");
  json_object_set_string_member (init, "message",
                                 _ ("The backup service has too many connections; try again"));
  g_autofree char *text = bk_control_to_text (init);
  g_autoptr (GBytes) frame = bk_frame_encode ("", text, strlen (text));
  gsize length_bytes;
  const void *data = g_bytes_get_data (frame, &length_bytes);

  /* It fits into the buffer of a new socket; who has gone needs no answer. */
  if (send (fd, data, length_bytes, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
    g_debug ("A peer that was refused has gone");
}

static void
take_peer (Service *self, int fd)
{
  autofd int owned = fd;
  guint32 uid;
  g_autoptr (GError) error = NULL;

  if (!bk_peer_uid (fd, &uid, &error))
    {
      g_warning ("%s", error->message);
      return;
    }
  if (!has_place (self, uid))
    {
      refuse (fd);
      return;
    }

  Connection *connection = g_new0 (Connection, 1);
  connection->service = self;
  connection->uid = uid;
  connection->fd = bk_fd_steal (&owned);
  g_hash_table_add (self->connections, connection);
  g_clear_handle_id (&self->idle_id, g_source_remove);

  /* The user databases may be slow: nobody else waits for them. */
  g_autoptr (GTask) task = g_task_new (NULL, NULL, on_name_found, connection);
  g_task_set_task_data (task, GUINT_TO_POINTER (uid), NULL);
  g_task_run_in_thread (task, find_name);
}

static gboolean on_incoming (int fd, GIOCondition condition, gpointer user_data);

static void
listen_on (Service *self)
{
  if (!self->is_ending)
    self->accept_id =
        g_unix_fd_add (bk_listener_fd (self->options.listener), G_IO_IN, on_incoming, self);
}

static gboolean
on_paused (gpointer user_data)
{
  Service *self = user_data;

  self->pause_id = 0;
  listen_on (self);
  return G_SOURCE_REMOVE;
}

static gboolean
on_incoming (int fd, GIOCondition condition, gpointer user_data)
{
  Service *self = user_data;

  for (guint i = 0; i < ACCEPTS_AT_ONCE; i++)
    {
      int peer = accept4 (fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

      if (peer >= 0)
        {
          take_peer (self, peer);
          continue;
        }
      if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
        break;
      g_warning ("A connection cannot be taken: %s", bk_error_reason (errno));
      self->accept_id = 0;
      self->pause_id = g_timeout_add (ACCEPT_PAUSE_MSECS, on_paused, self);
      return G_SOURCE_REMOVE;
    }
  return G_SOURCE_CONTINUE;
}

static void
on_tickets_changed (gpointer data, gpointer unused)
{
  Service *self = data;
  GHashTableIter iter;
  gpointer connection;

  g_hash_table_iter_init (&iter, self->connections);
  while (g_hash_table_iter_next (&iter, &connection, NULL))
    {
      if (((Connection *) connection)->session != NULL)
        bk_session_look_at_tickets (((Connection *) connection)->session);
    }
}

static gboolean
on_signal (gpointer user_data)
{
  Service *self = user_data;
  g_autoptr (GList) connections = g_hash_table_get_keys (self->connections);

  if (self->is_ending)
    return G_SOURCE_CONTINUE;
  self->is_ending = TRUE;
  g_clear_handle_id (&self->accept_id, g_source_remove);
  g_clear_handle_id (&self->pause_id, g_source_remove);
  for (GList *l = connections; l != NULL; l = l->next)
    {
      const Connection *connection = l->data;

      if (connection->session != NULL)
        bk_session_end (connection->session, _ ("The backup service was stopped"));
    }
  check_end (self);
  return G_SOURCE_CONTINUE;
}

/**
 * bk_service_run:
 *
 * Serves everyone who connects, each over a session of its own: root may do all, others what their
 * ticket says. Runs the default main context until a signal asks for the end, or nobody has come for
 * some time.
 *
 * Returns: the exit status; 1 with @error set when it could not begin.
 */
int
bk_service_run (const BkServiceOptions *options, GError **error)
{
  static const int signals[] = { SIGTERM, SIGHUP, SIGINT };
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GHashTable) connections = g_hash_table_new (NULL, NULL);
  Service self = { .options = *options, .loop = loop, .connections = connections };
  guint signal_ids[G_N_ELEMENTS (signals)];

  signal (SIGPIPE, SIG_IGN);
  self.guard =
      bk_guard_new (options->runtime_dir, options->state_dir, on_tickets_changed, &self, error);
  if (self.guard == NULL)
    return 1;
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    signal_ids[i] = g_unix_signal_add (signals[i], on_signal, &self);
  listen_on (&self);
  check_end (&self);
  g_main_loop_run (loop);

  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    g_source_remove (signal_ids[i]);
  g_clear_handle_id (&self.accept_id, g_source_remove);
  g_clear_handle_id (&self.pause_id, g_source_remove);
  g_clear_handle_id (&self.idle_id, g_source_remove);
  bk_guard_free (self.guard);
  return 0;
}
