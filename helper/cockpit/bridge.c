#include "cockpit/bridge.h"

#include "base/gettext.h"
#include "cockpit/session.h"

#include <glib-unix.h>
#include <signal.h>

typedef struct
{
  GMainLoop *loop;
  BkSession *session;
} Bridge;

static void
on_over (BkSession *session, gpointer user_data)
{
  Bridge *self = user_data;

  g_main_loop_quit (self->loop);
}

static gboolean
on_signal (gpointer user_data)
{
  Bridge *self = user_data;

  bk_session_end (self->session, _ ("The helper was asked to stop"));
  return G_SOURCE_CONTINUE;
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
  static const int signals[] = { SIGTERM, SIGHUP, SIGINT };
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Bridge self = { .loop = loop };
  const BkSessionOptions session_options = {
    .in_fd = options->in_fd,
    .out_fd = options->out_fd,
    .operations = options->operations,
    .config_path = options->config_path,
    .actor = options->actor,
    .patience_usecs = options->patience_usecs,
    .ended = on_over,
    .stuck = on_over,
    .user_data = &self,
  };

  signal (SIGPIPE, SIG_IGN);
  self.session = bk_session_new (&session_options);
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    g_unix_signal_add (signals[i], on_signal, &self);
  g_main_loop_run (loop);

  int exit_status = bk_session_has_failed (self.session) ? 1 : 0;
  bk_session_free (self.session);
  return exit_status;
}
