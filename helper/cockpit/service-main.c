/* The command "service": its arguments, the socket, and what follows from them. */
#include "cockpit/service.h"

#include "base/error.h"
#include "base/gettext.h"
#include "cockpit/session.h"
#include "store/state/settings-file.h"

#include <sys/resource.h>
#include <sys/stat.h>

static int
report (const GError *error)
{
  g_autofree char *line = bk_error_one_line (error->message);

  g_printerr ("cockpit-backup: %s\n", line);
  return bk_error_exit_status (error);
}

/* Each connection takes two descriptors, and each operation some. */
static void
raise_limits (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) < 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
}

static int
serve (const BkSettings *settings, const char *config_path, gint idle_seconds)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BkListener) listener = bk_listener_new_activated (&error);

  if (listener == NULL && error == NULL)
    listener = bk_listener_new (settings->runtime_dir, &error);
  if (listener == NULL)
    return report (error);

  guint idle_msecs = bk_listener_is_activated (listener) ? BK_SERVICE_IDLE_MSECS : 0;
  const BkServiceOptions options = {
    .listener = listener,
    .operations = bk_operation_all (),
    .config_path = config_path,
    .runtime_dir = settings->runtime_dir,
    .state_dir = settings->state_dir,
    .patience_usecs = BK_SESSION_PATIENCE_USECS,
    .greeting_max_msecs = BK_SERVICE_GREETING_MSECS,
    .idle_max_msecs = idle_seconds >= 0 ? (guint) idle_seconds * 1000 : idle_msecs,
  };
  int status = bk_service_run (&options, &error);
  return error != NULL ? report (error) : status;
}

/**
 * bk_service_main:
 *
 * "cockpit-backup service", as systemd starts it, or a person.
 *
 * Returns: the exit status.
 */
int
bk_service_main (int argc, char **argv)
{
  g_autofree char *config_path = NULL;
  gint idle_seconds = -1;
  const GOptionEntry entries[] = {
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &config_path, _ ("Read the settings from FILE"),
      "FILE" },
    { "idle-exit", 0, 0, G_OPTION_ARG_INT, &idle_seconds,
      _ ("End after so many seconds without a connection; 0: never"), "SECONDS" },
    { NULL },
  };
  g_autoptr (GOptionContext) parser =
      g_option_context_new (_ ("- serve the sessions of users who are not root"));
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) environment = g_get_environ ();

  g_option_context_add_main_entries (parser, entries, NULL);
  if (!g_option_context_parse (parser, &argc, &argv, &error) || argc > 1)
    {
      g_printerr ("cockpit-backup: %s\n",
                  error != NULL ? error->message : _ ("service takes options only"));
      return 2;
    }
  if (geteuid () != 0)
    {
      g_printerr ("cockpit-backup: %s\n", _ ("The service is root's: run it as root"));
      return bk_error_exit_status (
          &(GError){ .domain = BK_ERROR, .code = BK_ERROR_DENIED, .message = NULL });
    }
  g_autoptr (BkSettings) settings = bk_settings_load (config_path, environment, &error);
  if (settings == NULL)
    return report (error);
  umask (022);
  raise_limits ();
  return serve (settings, config_path, idle_seconds);
}
