#include "cli/main.h"

#include "api/runner.h"
#include "base/error.h"
#include "base/thread.h"
#include "cli/command-line.h"
#include "cli/completion.h"
#include "cli/help.h"
#include "cli/json-sink.h"
#include "cli/output.h"
#include "cli/text-sink.h"
#include "store/log/journal.h"
#include "store/state/settings-file.h"

#include <glib-unix.h>
#include <signal.h>
#include <unistd.h>

#define EXIT_WITH_WARNINGS 8

/* One run of an operation, in a thread of its own: the main loop stays free for signals, and for
 * the libraries that need it. */
typedef struct
{
  const BkCommandLine *line;
  const BkSettings *settings;
  const char *actor;
  BkOutputSink *sink;
  GCancellable *cancellable;
  GMainLoop *loop;
  gboolean is_done;
  GError *error;
} Run;

static gboolean
on_run_ended (gpointer user_data)
{
  Run *run = user_data;

  g_main_loop_quit (run->loop);
  return G_SOURCE_REMOVE;
}

static gpointer
run_thread (gpointer user_data)
{
  Run *run = user_data;
  const BkCall call = {
    .settings = run->settings,
    .actor = run->actor,
    .args = run->line->args,
  };

  run->is_done = bk_run_operation (run->line->operation, &call, BK_FACE_CLI, BK_SINK (run->sink),
                                   run->cancellable, &run->error);
  g_idle_add_full (G_PRIORITY_DEFAULT, on_run_ended, run, NULL);
  return NULL;
}

/* The first signal asks for an orderly stop; a second one ends the program as it always does. */
static gboolean
on_signal (gpointer user_data)
{
  Run *run = user_data;

  g_cancellable_cancel (run->cancellable);
  return G_SOURCE_REMOVE;
}

static void
run_with_signals (Run *run)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  const int signals[] = { SIGINT, SIGTERM, SIGHUP };

  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    g_unix_signal_add (signals[i], on_signal, run);
  run->loop = loop;
  GThread *thread = bk_thread_new ("operation", run_thread, run);
  g_main_loop_run (loop);
  g_thread_join (thread);
}

static int
report (const GError *error)
{
  bk_journal_print_error (error);
  return bk_error_exit_status (error);
}

static gboolean
override_setting (BkSettings *settings, const char *name, const char *text, GError **error)
{
  return text == NULL || bk_settings_set (settings, bk_setting_find (name), text, error);
}

static BkSettings *
load_settings (const BkCommandLine *line, GError **error)
{
  g_auto (GStrv) environment = g_get_environ ();
  g_autoptr (BkSettings) settings = bk_settings_load (line->config_path, environment, error);

  if (settings == NULL ||
      !override_setting (settings, "repository_dir", line->repository_dir, error) ||
      !override_setting (settings, "connect_uri", line->connect_uri, error))
    return NULL;
  return g_steal_pointer (&settings);
}

/* Who asks: sudo hides the person behind root, and says who it was. */
static const char *
actor_name (void)
{
  const char *sudo_user = g_getenv ("SUDO_USER");

  if (geteuid () == 0 && sudo_user != NULL && *sudo_user != '\0' &&
      g_utf8_validate (sudo_user, -1, NULL))
    return sudo_user;
  return g_get_user_name ();
}

static int
run_operation (const BkCommandLine *line)
{
  gboolean follows = bk_operation_follows (line->operation, line->args);
  g_autoptr (GError) error = NULL;
  g_autoptr (BkSettings) settings = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  if (!bk_operation_check_args (line->operation, line->args, &error))
    return report (error);
  settings = load_settings (line, &error);
  if (settings == NULL)
    return report (error);

  g_autoptr (BkOutputSink) sink = line->wants_json
                                      ? bk_json_sink_new (follows)
                                      : bk_text_sink_new (line->operation, follows);

  bk_output_sink_set_path (sink, line->output_path);
  Run run = { .line = line,
              .settings = settings,
              .actor = actor_name (),
              .sink = sink,
              .cancellable = cancellable };
  run_with_signals (&run);

  g_autoptr (GError) run_error = run.error;
  gboolean is_printed = bk_output_sink_finish (sink, run.is_done, &error);
  /* Ctrl-C is how one ends a command that follows. */
  if (follows && run_error != NULL && bk_error_code (run_error) == BK_ERROR_CANCELLED)
    return 0;
  if (run_error != NULL)
    return report (run_error);
  if (!is_printed)
    return report (error);
  return bk_output_sink_has_warnings (sink) ? EXIT_WITH_WARNINGS : 0;
}

static int
print_and_exit (const char *text)
{
  g_autoptr (GError) error = NULL;

  return bk_output_print (text, &error) && bk_output_flush (&error) ? 0 : report (error);
}

/**
 * bk_cli_run:
 * @table: the operations there are, closed by %NULL
 *
 * Returns: the exit status (see base/error.h).
 */
int
bk_cli_run (const BkOperation *const *table, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  signal (SIGPIPE, SIG_IGN);
  if (argc == 1)
    {
      g_autofree char *help = bk_help_program (table);

      g_printerr ("%s", help);
      return 2;
    }

  /* For packaging; not an operation, so not in the table. */
  if (argc == 2 && g_str_equal (argv[1], "bash-completion"))
    {
      g_autofree char *script = bk_completion_bash (table);

      return print_and_exit (script);
    }

  g_autoptr (BkCommandLine) line = bk_command_line_parse (table, argc, argv, &error);
  if (line == NULL)
    return report (error);
  if (line->wants_version)
    return print_and_exit ("cockpit-backup " BK_VERSION "\n");
  if (line->wants_help)
    {
      g_autofree char *help =
          line->operation != NULL ? bk_help_operation (line->operation) : bk_help_program (table);

      return print_and_exit (help);
    }
  return run_operation (line);
}

/**
 * bk_cli_main:
 *
 * Returns: the exit status (see base/error.h).
 */
int
bk_cli_main (int argc, char **argv)
{
  return bk_cli_run (bk_operation_all (), argc, argv);
}
