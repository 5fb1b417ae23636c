/* Every operation of the table: that it is well declared, and how it ends when what it is asked for is wrong
 * or is not there. No libvirt and no systemd are reached. */
#include "api/operation.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"

#include <string.h>

/* Counts what comes, and takes a stream to its end. */
#define TYPE_COUNTER (counter_get_type ())
G_DECLARE_FINAL_TYPE (Counter, counter, TEST, COUNTER, GObject)

struct _Counter
{
  GObject parent_instance;

  guint values_count[BK_SINK_RESULT + 1];
  gsize streamed_bytes;
};

static void counter_iface_init (BkSinkInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (Counter,
                               counter,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BK_TYPE_SINK, counter_iface_init))

static void
counter_class_init (CounterClass *class)
{
}

static void
counter_init (Counter *self)
{
}

static gboolean
counter_emit (
    BkSink *sink, BkSinkKind kind, JsonNode *value, GCancellable *cancellable, GError **error)
{
  TEST_COUNTER (sink)->values_count[kind]++;
  return TRUE;
}

static gboolean
counter_stream (BkSink *sink,
                GInputStream *bytes,
                const char *file_name,
                gint64 size_hint_bytes,
                GCancellable *cancellable,
                GError **error)
{
  char buffer[4096];
  gssize n;

  while ((n = g_input_stream_read (bytes, buffer, sizeof buffer, cancellable, error)) > 0)
    TEST_COUNTER (sink)->streamed_bytes += (gsize) n;
  return n == 0;
}

static void
counter_iface_init (BkSinkInterface *iface)
{
  iface->emit = counter_emit;
  iface->stream = counter_stream;
}

typedef struct
{
  char *root;
  BkSettings *settings;
  Counter *counter;
} Fixture;

static void
set_text (char **member, char *text)
{
  g_free (*member);
  *member = text;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->root = g_dir_make_tmp ("bk-operations-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->settings = bk_settings_new ();
  set_text (&fixture->settings->repository_dir,
            g_build_filename (fixture->root, "repository", NULL));
  set_text (&fixture->settings->log_dir, g_build_filename (fixture->root, "logs", NULL));
  set_text (&fixture->settings->state_dir, g_build_filename (fixture->root, "state", NULL));
  set_text (&fixture->settings->runtime_dir, g_build_filename (fixture->root, "run", NULL));
  set_text (&fixture->settings->connect_uri, g_strdup ("none:///"));
  set_text (&fixture->settings->config_path, g_build_filename (fixture->root, "config.json", NULL));
  g_assert_true (bk_make_directories (fixture->settings->repository_dir, 0711));
  g_assert_true (g_file_set_contents (fixture->settings->config_path, "{}", -1, NULL));
  fixture->counter = g_object_new (TYPE_COUNTER, NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  autofd int parent = bk_open_directory (g_get_tmp_dir (), NULL);
  g_autofree char *name = g_path_get_basename (fixture->root);

  g_object_unref (fixture->counter);
  bk_settings_free (fixture->settings);
  g_assert_true (bk_remove_tree_at (parent, name, NULL));
  g_free (fixture->root);
}

static gboolean
run (Fixture *fixture, const char *name, const char *args_text, GError **error)
{
  const BkOperation *operation = bk_operation_find (name);
  g_autoptr (JsonNode) args = json_from_string (args_text, NULL);
  const BkCall call = { .settings = fixture->settings,
                        .actor = "person",
                        .job_id = "20261120_020000-00000000",
                        .args = json_node_get_object (args) };

  g_assert_nonnull (operation);
  return bk_operation_check_args (operation, call.args, error) &&
         operation->run (&call, BK_SINK (fixture->counter), NULL, error);
}

typedef struct
{
  const char *name;
  const char *args;
  int code; /* -1: it goes well */
} Case;

/* On a machine where nothing was ever backed up. */
static const Case cases[] = {
  { "backup.list", "{}", -1 },
  { "backup.list", "{\"project\":\"vm/none\"}", BK_ERROR_NOT_FOUND },
  { "backup.list", "{\"project\":\"../..\"}", BK_ERROR_USAGE },
  { "backup.list", "{\"project\":\"vm/a/b\"}", BK_ERROR_USAGE },
  { "backup.info", "{\"id\":\"vm/none/x\"}", BK_ERROR_NOT_FOUND },
  { "backup.info", "{\"id\":\"vm/../x\"}", BK_ERROR_USAGE },
  { "backup.verify", "{}", BK_ERROR_USAGE },
  { "backup.verify", "{\"all\":true}", -1 },
  { "backup.verify", "{\"ids\":[\"vm/none/x\"]}", BK_ERROR_NOT_FOUND },
  { "backup.verify", "{\"ids\":[\"..\"]}", BK_ERROR_USAGE },
  { "backup.export", "{\"ids\":[\"vm/none/x\"]}", BK_ERROR_NOT_FOUND },
  { "backup.export", "{\"ids\":[\"/etc/passwd\"]}", BK_ERROR_USAGE },
  { "backup.pin", "{\"id\":\"vm/none/x\",\"label\":\"l\"}", BK_ERROR_NOT_FOUND },
  { "backup.delete", "{\"id\":\"vm/none/x\"}", BK_ERROR_NOT_FOUND },
  { "backup.delete", "{\"id\":\"vm/none/x\",\"plan\":true}", BK_ERROR_NOT_FOUND },
  { "backup.delete", "{\"id\":\"vm/none/../../x\"}", BK_ERROR_USAGE },
  { "prune", "{}", -1 },
  { "prune", "{\"plan\":true}", -1 },
  { "prune", "{\"days\":-1}", BK_ERROR_USAGE },
  { "tree.list", "{}", -1 },
  { "tree.backup", "{\"name\":\"none\"}", BK_ERROR_NOT_FOUND },
  { "tree.inspect", "{\"file\":\"/nonexistent\"}", BK_ERROR_NOT_FOUND },
  { "tree.inspect", "{\"file\":\"/dev/null\"}", BK_ERROR_INTEGRITY },
  { "tree.browse", "{\"project\":\"tree/a/b\"}", BK_ERROR_NOT_FOUND },
  { "tree.browse", "{\"project\":\"vm/a\"}", BK_ERROR_USAGE },
  { "tree.browse", "{\"project\":\"tree/a/b\",\"path_base64\":\"%\"}", BK_ERROR_USAGE },
  { "tree.download", "{\"project\":\"tree/a/b\",\"path\":\"x\"}", BK_ERROR_NOT_FOUND },
  { "tree.download", "{\"project\":\"tree/a/b\"}", BK_ERROR_USAGE },
  { "tree.restore", "{\"project\":\"tree/a/b\",\"target\":\"/nonexistent\"}", BK_ERROR_NOT_FOUND },
  { "tree.restore", "{\"project\":\"tree/a/b\"}", BK_ERROR_USAGE },
  { "tree.remove", "{\"name\":\"none\"}", BK_ERROR_NOT_FOUND },
  { "tree.set", "{\"name\":\"..\",\"source\":[\"/srv\"]}", BK_ERROR_USAGE },
  { "tree.set", "{\"name\":\"t\",\"source\":[\"srv\"]}", BK_ERROR_USAGE },
  { "event-log.list", "{}", -1 },
  { "event-log.verify", "{\"data_dir\":\"/nonexistent\"}", BK_ERROR_NOT_FOUND },
  { "event-log.restore", "{\"package\":\"/nonexistent\",\"target_dir\":\"/nonexistent\"}",
    BK_ERROR_NOT_FOUND },
  { "job.list", "{}", -1 },
  { "job.follow", "{\"id\":\"20261120_020000-00000001\"}", BK_ERROR_NOT_FOUND },
  { "job.follow", "{\"id\":\"../x\"}", BK_ERROR_NOT_FOUND },
  { "job.cancel", "{\"id\":\"20261120_020000-00000001\"}", BK_ERROR_NOT_FOUND },
  { "job.cancel", "{\"id\":\"../../etc/passwd\"}", BK_ERROR_NOT_FOUND },
  { "log.query", "{}", -1 },
  { "config.get", "{}", -1 },
  { "config.set", "{\"key\":\"none\",\"value\":\"1\"}", BK_ERROR_USAGE },
  { "config.set", "{\"key\":\"max_incrementals\",\"value\":\"0\"}", BK_ERROR_USAGE },
  { "config.set", "{\"key\":\"max_incrementals\",\"value\":\"9\"}", -1 },
  { "config.set", "{\"key\":\"repository_dir\",\"value\":\"relative\"}", BK_ERROR_USAGE },
  { "schedule.set", "{\"what\":\"..\",\"when\":\"daily\"}", BK_ERROR_USAGE },
};

static void
test_case (Fixture *fixture, gconstpointer data)
{
  const Case *expected = data;
  g_autoptr (GError) error = NULL;
  gboolean done = run (fixture, expected->name, expected->args, &error);

  g_test_message ("%s", error == NULL ? "done" : error->message);
  g_assert_cmpint (done, ==, error == NULL);
  if (expected->code < 0)
    {
      g_assert_no_error (error);
      return;
    }
  g_assert_error (error, BK_ERROR, expected->code);
  g_assert_cmpuint (fixture->counter->values_count[BK_SINK_RESULT], ==, 0);
  g_assert_cmpuint (fixture->counter->streamed_bytes, ==, 0);
  g_assert_null (strpbrk (error->message, "\n\033"));
}

/* What is said of each in --help, the channel and the jobs' records is there, and no two are the same. */
static void
test_table (void)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (const BkOperation *const *at = bk_operation_all (); *at != NULL; at++)
    {
      const BkOperation *operation = *at;
      g_autoptr (GHashTable) params = g_hash_table_new (g_str_hash, g_str_equal);
      gboolean is_optional = FALSE;

      g_test_message ("%s", operation->name);
      g_assert_true (g_hash_table_add (seen, (char *) operation->name));
      g_assert_true (g_str_equal (operation->name, operation->command) ||
                     g_hash_table_add (seen, (char *) operation->command));
      g_assert_true (bk_operation_find (operation->name) == operation);
      g_assert_nonnull (operation->run);
      for (const BkParam *param = operation->params; param != NULL && param->name != NULL; param++)
        {
          g_assert_true (g_hash_table_add (params, (char *) param->name));
          g_assert_nonnull (param->summary);
          g_assert_cmpint (param->choices != NULL, ==, param->type == BK_PARAM_CHOICE);
          g_assert_cmpint (param->min, <=, param->max);
          if ((param->flags & BK_PARAM_POSITIONAL) == 0)
            continue;
          /* A word that may be left out comes after those that may not. */
          g_assert_false (is_optional && (param->flags & BK_PARAM_REQUIRED) != 0);
          is_optional = (param->flags & BK_PARAM_REQUIRED) == 0;
        }
    }
  g_assert_null (bk_operation_find ("none"));
  g_assert_null (bk_operation_find (""));
}

static JsonNode *
value_of (const char *json)
{
  JsonNode *node = json_from_string (json, NULL);

  g_assert_nonnull (node);
  return node;
}

/* Whatever a peer gives for a parameter is of the declared kind, or refused. */
static void
test_wrong_values (void)
{
  static const struct
  {
    const char *json;
    guint fits; /* bits of BkParamType */
  } values[] = {
    { "null", 0 },
    { "true", 1 << BK_PARAM_BOOL },
    { "7", 1 << BK_PARAM_INT },
    { "7.5", 0 },
    { "99999999999999999999", 0 },
    { "{}", 0 },
    { "[[]]", 0 },
    { "[null]", 0 },
    { "[1]", 0 },
    { "\"\\u001b[2J\"", 1 << BK_PARAM_STRING },
  };

  for (const BkOperation *const *at = bk_operation_all (); *at != NULL; at++)
    for (const BkParam *param = (*at)->params; param != NULL && param->name != NULL; param++)
      for (guint i = 0; i < G_N_ELEMENTS (values); i++)
        {
          g_autoptr (JsonObject) args = json_object_new ();
          g_autoptr (GError) error = NULL;

          if (values[i].fits & (1u << param->type))
            continue;
          json_object_set_member (args, param->name, value_of (values[i].json));
          g_test_message ("%s %s %s", (*at)->name, param->name, values[i].json);
          g_assert_false (bk_operation_check_args (*at, args, &error));
          g_assert_error (error, BK_ERROR, BK_ERROR_USAGE);
          g_assert_null (strpbrk (error->message, "\n\033"));
        }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/api/operations/table", test_table);
  g_test_add_func ("/api/operations/wrong-values", test_wrong_values);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/api/operations/run/%s/%u", cases[i].name, i);

      g_test_add (path, Fixture, &cases[i], set_up, test_case, tear_down);
    }
  return g_test_run ();
}
