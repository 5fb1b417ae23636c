#include "format/tree-settings-json.h"

#include "base/error.h"
#include "format/json.h"

#include <string.h>

static BkTreeSettings *
parse (const char *text, GError **error)
{
  g_autoptr (JsonObject) config = bk_json_parse_object (text, -1, "It", error);

  g_assert_nonnull (config);
  return bk_tree_settings_from_json (config, error);
}

static void
test_seed (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BkTreeSettings) settings =
      parse ("{\"storages\": {"
             "  \"main\": {\"base_dir\": \"/backups/main\", \"max_backups\": 10,"
             "             \"compression_mode\": \"zstd\", \"assembler_mode\": \"eager\"},"
             "  \"incremental-store\": {\"type\": \"incremental\", \"max_generations\": 4,"
             "                          \"full_interval\": 14, \"compression_mode\": \"gzip\"}},"
             " \"backups\": [{\"name\": \"databases\", \"storage\": \"incremental-store\","
             "   \"schedule\": \"0 2 * * *\", \"sources\": [{\"path\": \"/var/lib/postgresql\"}],"
             "   \"excludes\": [\"*.pid\"]}]}",
             &error);

  g_assert_no_error (error);
  const BkTreeStorage *full = bk_tree_settings_find_storage (settings, "main");
  g_assert_cmpint (full->type, ==, BK_TREE_STORAGE_FULL);
  g_assert_cmpuint (full->max_count, ==, 10);
  g_assert_cmpstr (full->base_dir, ==, "/backups/main");
  const BkTreeStorage *incremental = bk_tree_settings_find_storage (settings, "incremental-store");
  g_assert_cmpint (incremental->type, ==, BK_TREE_STORAGE_INCREMENTAL);
  g_assert_cmpuint (incremental->max_count, ==, 4);
  g_assert_cmpuint (incremental->full_interval_days, ==, 14);
  g_assert_true (incremental->is_gzip);
  const BkTreeTask *task = bk_tree_settings_find_task (settings, "databases");
  g_assert_cmpstr (task->sources[0], ==, "/var/lib/postgresql");
  g_assert_cmpstr (task->excludes[0], ==, "*.pid");
  g_assert_true (task->use_ctime);
}

static void
test_none (void)
{
  g_autoptr (BkTreeSettings) settings = parse ("{\"port\": 8001}", NULL);

  g_assert_cmpuint (settings->storages->len + settings->tasks->len, ==, 0);
  g_assert_null (bk_tree_settings_find_task (settings, "x"));
}

#define STORAGE(members) "{\"storages\": {\"s\": {" members "}}}"
#define TASK(members) "{\"storages\": {\"s\": {}}, \"backups\": [{" members "}]}"
#define GOOD "\"name\": \"n\", \"storage\": \"s\", \"sources\": [{\"path\": \"/x\"}]"

static void
test_refused (void)
{
  static const struct
  {
    const char *text;
    const char *says;
  } bad[] = {
    { STORAGE ("\"max_backups\": 1, \"max_generations\": 1"), "both" },
    { STORAGE ("\"max_generations\": 1"), "max_generations" },
    { STORAGE ("\"type\": \"incremental\", \"max_backups\": 1"), "max_backups" },
    { STORAGE ("\"max_backups\": 0"), "too small" },
    { STORAGE ("\"max_backups\": -1"), "out of its range" },
    { STORAGE ("\"type\": \"differential\""), "full" },
    { STORAGE ("\"compression_mode\": \"lz4\""), "zstd" },
    { STORAGE ("\"base_dir\": \"x\""), "base_dir" },
    { STORAGE ("\"colour\": 1"), "colour" },
    { TASK ("\"name\": \"n\", \"storage\": \"s\", \"sources\": []"), "no “sources”" },
    { TASK ("\"name\": \"n\", \"storage\": \"s\", \"sources\": [\"/x\"]"), "path" },
    { TASK ("\"name\": \"n\", \"storage\": \"s\", \"sources\": [{\"path\": \"x\"}]"), "“/”" },
    { TASK ("\"name\": \"../n\", \"storage\": \"s\", \"sources\": [{\"path\": \"/x\"}]"), "name" },
    { TASK ("\"name\": \"n\", \"storage\": \"t\", \"sources\": [{\"path\": \"/x\"}]"), "“t”" },
    { TASK (GOOD "}, {" GOOD), "twice" },
    { TASK (GOOD ", \"agent\": \"a/b\""), "agent" },
    { TASK (GOOD ", \"excludes\": [\"/\"]"), "names nothing" },
    { TASK (GOOD ", \"excludes\": [1]"), "not a text" },
    { TASK (GOOD ", \"one_file_system\": 1"), "true or false" },
    { TASK (GOOD ", \"change_detection\": \"size\""), "ctime" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (parse (bad[i].text, &error));
      g_assert_error (error, BK_ERROR, BK_ERROR_USAGE);
      if (strstr (error->message, bad[i].says) == NULL)
        g_error ("%s: %s", bad[i].text, error->message);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/format/tree-settings-json/seed", test_seed);
  g_test_add_func ("/format/tree-settings-json/none", test_none);
  g_test_add_func ("/format/tree-settings-json/refused", test_refused);
  return g_test_run ();
}
