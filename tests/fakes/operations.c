/*
 * The faces with a table of operations made for tests: what they say, how much, how long and how it
 * ends is up to the caller. No libvirt, no repository.
 *
 *   fake-operations bridge [--patience-msecs N]      as root; else a relay to the service
 *   fake-operations service [--greeting-msecs N] [--idle-msecs N]
 *
 * The two find each other, and the tickets, by the settings.
 *   fake-operations COMMAND…        the command line
 */
#include "base/error.h"
#include "cli/main.h"
#include "cockpit/bridge.h"
#include "cockpit/relay.h"
#include "cockpit/service.h"
#include "cockpit/session.h"
#include "store/state/settings-file.h"

#include <locale.h>
#include <string.h>
#include <unistd.h>

static JsonNode *
object_with_int (const char *name, gint64 value)
{
  JsonObject *object = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_object_set_int_member (object, name, value);
  json_node_take_object (node, object);
  return node;
}

static gboolean
fail_as (const char *problem, GError **error)
{
  g_set_error (error, BK_ERROR, (gint) bk_error_from_problem (problem), "It failed: %s", problem);
  return FALSE;
}

/* Each text as an item, then how many there were. */
static gboolean
run_echo (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  g_auto (GStrv) texts = bk_call_strings (call, "texts");

  for (char **text = texts; *text != NULL; text++)
    {
      JsonNode *node = json_node_init_string (json_node_alloc (), *text);

      if (!bk_sink_emit (sink, BK_SINK_ITEM, node, cancellable, error))
        return FALSE;
    }
  return bk_sink_emit (sink, BK_SINK_RESULT, object_with_int ("count", g_strv_length (texts)),
                       cancellable, error);
}

/* One frame of each kind; with warnings the result counts them. */
static gboolean
run_kinds (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  const char *const frames[] = {
    [BK_SINK_ITEM] = "{\"name\":\"one\",\"size_bytes\":1500000,\"nested\":{\"a\":1}}",
    [BK_SINK_PROGRESS] = "{\"project_id\":\"vm/one\",\"step\":\"copy\",\"done_bytes\":1,"
                         "\"total_bytes\":2}",
    [BK_SINK_LOG] = "{\"timestamp\":\"2026-11-20T02:00:00.125Z\",\"level\":\"warning\","
                    "\"project_id\":\"vm/one\",\"message\":\"a line\\u001b[31m\"}",
  };
  gint64 warnings_count = bk_call_bool (call, "warn", FALSE) ? 2 : 0;

  for (guint i = 0; i < G_N_ELEMENTS (frames); i++)
    {
      if (!bk_sink_emit (sink, (BkSinkKind) i, json_from_string (frames[i], NULL), cancellable,
                         error))
        return FALSE;
    }
  return bk_sink_emit (sink, BK_SINK_RESULT, object_with_int ("warnings_count", warnings_count),
                       cancellable, error);
}

/* Many items of a size. */
static gboolean
run_items (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  g_autofree char *text = g_strnfill ((gsize) bk_call_int (call, "size", 1), 'x');

  for (gint64 i = 0; i < bk_call_int (call, "count", 1); i++)
    {
      JsonNode *node = json_node_init_string (json_node_alloc (), text);

      if (!bk_sink_emit (sink, BK_SINK_ITEM, node, cancellable, error))
        return FALSE;
    }
  return bk_sink_emit (sink, BK_SINK_RESULT,
                       object_with_int ("count", bk_call_int (call, "count", 1)), cancellable,
                       error);
}

/* Fails, perhaps after some items. */
static gboolean
run_fail (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  for (gint64 i = 0; i < bk_call_int (call, "after", 0); i++)
    {
      if (!bk_sink_emit (sink, BK_SINK_ITEM, object_with_int ("number", i), cancellable, error))
        return FALSE;
    }
  return fail_as (bk_call_string (call, "problem"), error);
}

/* Says that it began, or more, then waits until it is cancelled, as an operation that watches does. */
static gboolean
run_block (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  /* Not a GCancellableSource: GLib 2.74 may touch the source's main context after its end. */
  GPollFD cancelled;

  gint64 count = bk_call_bool (call, "silent", FALSE) ? 0 : bk_call_int (call, "count", 1);
  for (gint64 i = 0; i < count; i++)
    {
      if (!bk_sink_emit (sink, BK_SINK_ITEM, object_with_int ("number", i), cancellable, error))
        return FALSE;
    }

  if (!g_cancellable_make_pollfd (cancellable, &cancelled))
    return fail_as ("internal-error", error);
  while (!g_cancellable_is_cancelled (cancellable))
    g_poll (&cancelled, 1, -1);
  g_cancellable_release_fd (cancellable);
  g_printerr ("block: cancelled\n");
  return !g_cancellable_set_error_if_cancelled (cancellable, error);
}

/* Obeys no cancellable. */
static gboolean
run_stubborn (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  g_usleep ((gulong) bk_call_int (call, "msecs", 0) * 1000);
  return TRUE;
}

/* A stream of so many bytes: each is the low byte of its position in 1021s. */
/* It gives less than it is asked for, as streams may. */
#define STREAM_STEP_BYTES 100003

typedef struct
{
  GInputStream parent_instance;

  gint64 at_bytes;
  gint64 end_bytes;
  gint64 fail_after_bytes; /* -1: never */
  const char *problem;
} FakeStream;

typedef GInputStreamClass FakeStreamClass;

GType fake_stream_get_type (void);
G_DEFINE_FINAL_TYPE (FakeStream, fake_stream, G_TYPE_INPUT_STREAM)

static gssize
fake_stream_read (
    GInputStream *stream, void *buffer, gsize count, GCancellable *cancellable, GError **error)
{
  FakeStream *self = (FakeStream *) (gpointer) stream;
  guint8 *bytes = buffer;
  gint64 end = self->end_bytes;

  if (self->fail_after_bytes >= 0)
    end = MIN (end, self->fail_after_bytes);
  gsize n = MIN (MIN (count, STREAM_STEP_BYTES), (gsize) (end - self->at_bytes));
  if (n == 0 && self->fail_after_bytes >= 0)
    return fail_as (self->problem, error) ? 0 : -1;
  for (gsize i = 0; i < n; i++)
    bytes[i] = (guint8) ((self->at_bytes + (gint64) i) % 1021);
  self->at_bytes += (gint64) n;
  return (gssize) n;
}

static void
fake_stream_init (FakeStream *self)
{
}

static void
fake_stream_class_init (FakeStreamClass *klass)
{
  G_INPUT_STREAM_CLASS (klass)->read_fn = fake_stream_read;
}

static gboolean
run_stream (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  g_autoptr (GInputStream) stream = g_object_new (fake_stream_get_type (), NULL);
  FakeStream *self = (FakeStream *) (gpointer) stream;

  self->end_bytes = bk_call_int (call, "bytes", 0);
  self->fail_after_bytes = bk_call_int (call, "fail_after", -1);
  self->problem = bk_call_string (call, "problem");
  return bk_sink_stream (sink, stream, "stream.bin",
                         bk_call_bool (call, "hint", FALSE) ? self->end_bytes : -1, cancellable,
                         error);
}

#define PROBLEMS                                                                                   \
  "internal-error|protocol-error|integrity|busy|not-found|access-denied|no-space|not-supported|"   \
  "unavailable"

static const BkParam echo_params[] = {
  { "texts", BK_PARAM_STRINGS, BK_PARAM_REQUIRED | BK_PARAM_POSITIONAL, "what to say" },
  { NULL },
};
static const BkParam kinds_params[] = {
  { "warn", BK_PARAM_BOOL, BK_PARAM_OPTIONAL, "end with warnings" },
  { NULL },
};
static const BkParam items_params[] = {
  { "count", BK_PARAM_INT, BK_PARAM_OPTIONAL, "how many", 0, 1000000 },
  { "size", BK_PARAM_INT, BK_PARAM_OPTIONAL, "how large", 0, 1 << 24 },
  { NULL },
};
static const BkParam fail_params[] = {
  { "problem", BK_PARAM_CHOICE, BK_PARAM_REQUIRED, "how", .choices = PROBLEMS },
  { "after", BK_PARAM_INT, BK_PARAM_OPTIONAL, "after so many items" },
  { NULL },
};
static const BkParam block_params[] = {
  { "silent", BK_PARAM_BOOL, BK_PARAM_OPTIONAL, "say nothing at the start" },
  { "count", BK_PARAM_INT, BK_PARAM_OPTIONAL, "say so much at the start", 0, 1000000 },
  { NULL },
};
static const BkParam stubborn_params[] = {
  { "msecs", BK_PARAM_INT, BK_PARAM_REQUIRED, "how long" },
  { NULL },
};
static const BkParam stream_params[] = {
  { "bytes", BK_PARAM_INT, BK_PARAM_REQUIRED | BK_PARAM_POSITIONAL, "how many" },
  { "fail_after", BK_PARAM_INT, BK_PARAM_OPTIONAL, "fail after so many" },
  { "problem", BK_PARAM_CHOICE, BK_PARAM_OPTIONAL, "how", .choices = PROBLEMS },
  { "hint", BK_PARAM_BOOL, BK_PARAM_OPTIONAL, "say beforehand how many" },
  { NULL },
};

static const BkOperation echo = {
  "test.echo", "test echo", "Say it again", 0, echo_params, run_echo
};
static const BkOperation kinds = { "test.kinds", "test kinds", "One frame of each kind", 0,
                                   kinds_params, run_kinds };
static const BkOperation items = { "test.items", "test items", "Many items", 0,
                                   items_params, run_items };
static const BkOperation failing = { "test.fail", "test fail", "Fail", 0, fail_params, run_fail };
static const BkOperation block = { "test.block",         "test block", "Wait to be cancelled",
                                   BK_OPERATION_FOLLOWS, block_params, run_block };
static const BkOperation stubborn = { "test.stubborn", "test stubborn", "Obey no cancel", 0,
                                      stubborn_params, run_stubborn };
static const BkOperation streaming = { "test.stream",       "test stream", "A stream of bytes",
                                       BK_OPERATION_STREAM, stream_params, run_stream };

static const BkOperation *const table[] = { &echo,  &kinds,    &items,     &failing,
                                            &block, &stubborn, &streaming, NULL };

static BkSettings *
load_settings (void)
{
  g_auto (GStrv) environment = g_get_environ ();
  g_autoptr (GError) error = NULL;
  BkSettings *settings = bk_settings_load (NULL, environment, &error);

  if (settings == NULL)
    g_error ("%s", error->message);
  return settings;
}

static int
run_service (int argc, char **argv)
{
  gint greeting_msecs = BK_SERVICE_GREETING_MSECS;
  gint idle_msecs = 0;
  gint64 patience_msecs = BK_SESSION_PATIENCE_USECS / 1000;
  const GOptionEntry entries[] = {
    { "greeting-msecs", 0, 0, G_OPTION_ARG_INT, &greeting_msecs, "until “init”", "N" },
    { "idle-msecs", 0, 0, G_OPTION_ARG_INT, &idle_msecs, "without a peer", "N" },
    { "patience-msecs", 0, 0, G_OPTION_ARG_INT64, &patience_msecs, "without a pong", "N" },
    { NULL },
  };
  g_autoptr (GOptionContext) parser = g_option_context_new (NULL);
  g_autoptr (BkSettings) settings = load_settings ();
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (parser, entries, NULL);
  if (!g_option_context_parse (parser, &argc, &argv, &error))
    g_error ("%s", error->message);
  g_autoptr (BkListener) listener = bk_listener_new_activated (&error);
  if (listener == NULL && error == NULL)
    listener = bk_listener_new (settings->runtime_dir, &error);
  if (listener == NULL)
    {
      g_printerr ("%s\n", error->message);
      return bk_error_exit_status (error);
    }
  const BkServiceOptions options = {
    .listener = listener,
    .operations = table,
    .runtime_dir = settings->runtime_dir,
    .state_dir = settings->state_dir,
    .patience_usecs = patience_msecs * 1000,
    .greeting_max_msecs = (guint) greeting_msecs,
    .idle_max_msecs = (guint) idle_msecs,
  };
  return bk_service_run (&options, &error);
}

static int
run_bridge (int argc, char **argv)
{
  gint64 patience_msecs = BK_SESSION_PATIENCE_USECS / 1000;
  const GOptionEntry entries[] = {
    { "patience-msecs", 0, 0, G_OPTION_ARG_INT64, &patience_msecs, "without a pong", "N" },
    { NULL },
  };
  g_autoptr (GOptionContext) parser = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (parser, entries, NULL);
  if (!g_option_context_parse (parser, &argc, &argv, &error))
    g_error ("%s", error->message);

  if (geteuid () != 0)
    {
      g_autoptr (BkSettings) settings = load_settings ();
      const BkRelayOptions relay = {
        .in_fd = dup (STDIN_FILENO),
        .out_fd = dup (STDOUT_FILENO),
        .runtime_dir = settings->runtime_dir,
        .greeting_max_msecs = 1000,
      };
      return bk_relay_run (&relay);
    }
  const BkBridgeOptions options = {
    .in_fd = dup (STDIN_FILENO),
    .out_fd = dup (STDOUT_FILENO),
    .operations = table,
    .actor = "tester",
    .patience_usecs = patience_msecs * 1000,
  };
  return bk_bridge_run (&options);
}

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "");
  if (argc >= 2 && strcmp (argv[1], "bridge") == 0)
    return run_bridge (argc - 1, argv + 1);
  if (argc >= 2 && strcmp (argv[1], "service") == 0)
    return run_service (argc - 1, argv + 1);
  return bk_cli_run (table, argc, argv);
}
