#include "format/tree-settings-edit.h"

#include "base/error.h"
#include "format/json.h"
#include "format/tree-settings-json.h"

#include <string.h>

static const char *const sources[] = { "/srv/a", "/srv/b", NULL };
static const char *const none[] = { NULL };
static const char *const excludes[] = { "*.tmp", NULL };

static JsonObject *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  JsonObject *config = bk_json_parse_object (text, -1, "It", &error);

  g_assert_no_error (error);
  return config;
}

static void
assert_is (JsonObject *config, const char *expected)
{
  g_autoptr (JsonObject) wanted = parse (expected);
  g_autoptr (JsonNode) left = json_node_init_object (json_node_alloc (), config);
  g_autoptr (JsonNode) right = json_node_init_object (json_node_alloc (), wanted);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = bk_json_to_text (left, FALSE);

  g_test_message ("%s", text);
  g_assert_true (json_node_equal (left, right));
  g_autoptr (BkTreeSettings) trees = bk_tree_settings_from_json (config, &error);
  g_assert_no_error (error);
}

static void
test_add (void)
{
  g_autoptr (JsonObject) config = parse ("{\"retention_days\":5}");
  const BkTreeTaskChange change = { "data", sources, excludes, 5, 3 };

  g_assert_true (bk_tree_settings_put (config, &change, NULL));
  assert_is (config,
             "{\"retention_days\":5,\"storages\":{\"data\":{\"type\":\"incremental\","
             "\"max_generations\":3,\"full_interval\":5}},\"backups\":[{\"name\":\"data\","
             "\"storage\":\"data\",\"sources\":[{\"path\":\"/srv/a\"},{\"path\":\"/srv/b\"}],"
             "\"excludes\":[\"*.tmp\"]}]}");
}

#define SHARED                                                                                     \
  "{\"storages\":{\"s\":{\"max_backups\":2,\"compression_mode\":\"gzip\"}},\"backups\":["          \
  "{\"name\":\"x\",\"storage\":\"s\",\"sources\":[{\"path\":\"/x\"}],\"one_file_system\":true},"   \
  "{\"name\":\"y\",\"storage\":\"s\",\"sources\":[{\"path\":\"/y\"}]}]}"

static void
test_change_keeps_the_rest (void)
{
  g_autoptr (JsonObject) config = parse (SHARED);
  const BkTreeTaskChange change = { "x", sources, none, 0, 2 };

  g_assert_true (bk_tree_settings_put (config, &change, NULL));
  assert_is (config,
             "{\"storages\":{\"s\":{\"max_backups\":2,\"compression_mode\":\"gzip\"}},"
             "\"backups\":[{\"name\":\"x\",\"storage\":\"s\",\"sources\":[{\"path\":\"/srv/a\"},"
             "{\"path\":\"/srv/b\"}],\"excludes\":[],\"one_file_system\":true},"
             "{\"name\":\"y\",\"storage\":\"s\",\"sources\":[{\"path\":\"/y\"}]}]}");
}

static void
test_shared_storage_stays (void)
{
  g_autoptr (JsonObject) config = parse (SHARED);
  const BkTreeTaskChange change = { "x", sources, none, 0, 9 };
  g_autoptr (GError) error = NULL;

  g_assert_false (bk_tree_settings_put (config, &change, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_USAGE);
}

static void
test_remove (void)
{
  g_autoptr (JsonObject) config = parse (SHARED);
  const BkTreeTaskChange change = { "data", sources, none, 0, 0 };
  g_autoptr (GError) error = NULL;

  g_assert_true (bk_tree_settings_put (config, &change, NULL));
  g_assert_true (bk_tree_settings_remove (config, "data", NULL));
  assert_is (config, SHARED);
  g_assert_false (bk_tree_settings_remove (config, "data", &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_NOT_FOUND);
}

static void
test_schedules (void)
{
  g_autoptr (JsonObject) config = parse (SHARED);
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) found = g_string_new (NULL);

  g_assert_true (bk_schedules_put (config, "prune", "daily", NULL));
  g_assert_true (bk_schedules_put (config, "tree/y", "weekly", NULL));
  g_assert_true (bk_schedules_put (config, "verify", "weekly", NULL));
  g_assert_true (bk_schedules_put (config, "verify", NULL, NULL));
  g_assert_false (bk_schedules_put (config, "tree/z", "weekly", &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_NOT_FOUND);

  g_autoptr (GPtrArray) schedules = bk_schedules_list (config, NULL);
  for (guint i = 0; i < schedules->len; i++)
    {
      const BkSchedule *schedule = g_ptr_array_index (schedules, i);

      g_string_append_printf (found, "%s=%s ", schedule->what, schedule->text);
    }
  g_assert_cmpstr (found->str, ==, "prune=daily tree/y=weekly ");
}

static void
test_hostile (void)
{
  static const char *const texts[] = {
    "{\"storages\":[]}",
    "{\"backups\":{}}",
    "{\"storages\":{\"s\":1},\"backups\":[{\"name\":\"x\",\"storage\":\"s\"}]}",
    "{\"backups\":[{\"name\":\"x\",\"storage\":\"gone\"}]}",
    "{\"backups\":[{\"name\":\"x\",\"storage\":7}]}",
  };
  const BkTreeTaskChange change = { "x", sources, none, 1, 1 };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (JsonObject) config = parse (texts[i]);

      g_assert_false (bk_tree_settings_put (config, &change, NULL));
    }
  g_autoptr (JsonObject) config = parse ("{\"schedules\":{\"prune\":1}}");
  g_assert_null (bk_schedules_list (config, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/format/tree-settings-edit/add", test_add);
  g_test_add_func ("/format/tree-settings-edit/change-keeps-the-rest", test_change_keeps_the_rest);
  g_test_add_func ("/format/tree-settings-edit/shared-storage-stays", test_shared_storage_stays);
  g_test_add_func ("/format/tree-settings-edit/remove", test_remove);
  g_test_add_func ("/format/tree-settings-edit/schedules", test_schedules);
  g_test_add_func ("/format/tree-settings-edit/hostile", test_hostile);
  return g_test_run ();
}
