/* The command "bridge": its arguments, the process's streams and user, and what follows from them for
 * a bridge. */
#include "cockpit/bridge.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "cockpit/relay.h"
#include "cockpit/session.h"
#include "store/state/settings-file.h"

#include <fcntl.h>
#include <unistd.h>

/* Nothing but frames may go to the peer: whatever else writes to stdout is led to stderr. */
static int
steal_stdout (void)
{
  int fd = fcntl (STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);

  dup2 (STDERR_FILENO, STDOUT_FILENO);
  return fd;
}

static int
steal_stdin (void)
{
  int fd = fcntl (STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
  autofd int nothing = open ("/dev/null", O_RDONLY | O_CLOEXEC);

  if (nothing >= 0)
    dup2 (nothing, STDIN_FILENO);
  return fd;
}

/* Not root: the service does it. */
static int
relay (const char *config_path)
{
  g_auto (GStrv) environment = g_get_environ ();
  g_autoptr (GError) error = NULL;
  g_autoptr (BkSettings) settings = bk_settings_load (config_path, environment, &error);

  /* They may be for root's eyes only; where the service is, hardly ever is a matter of settings. */
  if (settings == NULL)
    {
      g_message ("%s", error->message);
      settings = bk_settings_new ();
    }
  const BkRelayOptions options = {
    .in_fd = steal_stdin (),
    .out_fd = steal_stdout (),
    .runtime_dir = settings->runtime_dir,
    .greeting_max_msecs = BK_RELAY_GREETING_MSECS,
  };
  return bk_relay_run (&options);
}

/**
 * bk_bridge_main:
 *
 * "cockpit-backup bridge", as Cockpit starts it.
 *
 * Returns: the exit status.
 */
int
bk_bridge_main (int argc, char **argv)
{
  g_autofree char *config_path = NULL;
  const GOptionEntry entries[] = {
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &config_path, _ ("Read the settings from FILE"),
      "FILE" },
    { NULL },
  };
  g_autoptr (GOptionContext) parser = g_option_context_new (_ ("- serve Cockpit's channels"));
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (parser, entries, NULL);
  if (!g_option_context_parse (parser, &argc, &argv, &error) || argc > 1)
    {
      g_printerr ("cockpit-backup: %s\n",
                  error != NULL ? error->message : _ ("bridge takes options only"));
      return 2;
    }

  if (geteuid () != 0)
    return relay (config_path);
  const BkBridgeOptions options = {
    .in_fd = steal_stdin (),
    .out_fd = steal_stdout (),
    .operations = bk_operation_all (),
    .config_path = config_path,
    .actor = g_get_user_name (),
    .patience_usecs = BK_SESSION_PATIENCE_USECS,
  };
  return bk_bridge_run (&options);
}
