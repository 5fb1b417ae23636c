#include "api/views/tree.h"

#include "format/tree-settings-json.h"

static void
test_golden (void)
{
  BkTreeWritten *written = g_new0 (BkTreeWritten, 1);
  BkTreeBackupResult *result = g_new0 (BkTreeBackupResult, 1);
  g_autoptr (BkTreeBackupResult) owned = result;
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "golden", "views", "tree-backup-result.json", NULL);
  g_autoptr (GError) error = NULL;

  written->entries_count = written->added_count = 202021;
  written->warnings_count = 1;
  written->warnings = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (written->warnings, g_strdup ("“/srv/data/x” vanished before it was read"));
  result->written = written;
  result->plan = (BkGenerationPlan){ .is_full = TRUE, .reason = BK_GENERATION_INTERVAL_PASSED };
  result->generation = g_strdup ("gen-2026-11-20");
  result->rotated = g_strsplit ("gen-2026-10-23", " ", -1);
  result->backup = bk_backup_new ("2026-11-20T02-00-00", "tree/host1/databases", BK_BACKUP_FULL);
  result->backup->size_bytes = 10485760;
  result->duration_usecs = 2500000;

  g_autoptr (JsonNode) view = bk_view_tree_backup ("databases", "tree/host1/databases", result);
  g_assert_true (json_parser_load_from_file (parser, path, &error));
  g_assert_no_error (error);
  g_assert_true (json_node_equal (view, json_parser_get_root (parser)));
}

static void
assert_golden (const char *name, JsonNode *taken)
{
  g_autoptr (JsonNode) view = taken;
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "views", name, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (json_parser_load_from_file (parser, path, &error));
  g_assert_no_error (error);
  g_assert_true (json_node_equal (view, json_parser_get_root (parser)));
}

static void
test_browse (void)
{
  const BkTreeListed file = { .path = "srv/data/export.csv",
                              .name = "export.csv",
                              .mode = 0644,
                              .origin = 1,
                              .mtime_nsec = G_GINT64_CONSTANT (1795128067000000000),
                              .size_bytes = 10485760 };
  const BkTreeListed directory = { .path = "srv",
                                   .name = "srv",
                                   .is_implied = TRUE,
                                   .mode = BK_TREE_MODE_DIRECTORY,
                                   .below_count = 1200,
                                   .below_bytes = 4096000 };
  g_auto (BkTreeBrowsed) browsed = { .generation = g_strdup ("gen-2026-11-20"),
                                     .path = g_strdup ("/srv/data"),
                                     .count = 1,
                                     .is_complete = TRUE,
                                     .entries_count = 202021 };

  browsed.backup = bk_backup_new ("2026-11-20T02-00-00", "tree/host1/databases", BK_BACKUP_FULL);
  browsed.backup->created_usecs = G_GINT64_CONSTANT (1795140000000000);
  assert_golden ("tree-entry.json", bk_view_tree_listed (&file));
  assert_golden ("tree-directory.json", bk_view_tree_listed (&directory));
  assert_golden ("tree-browse-result.json",
                 bk_view_tree_browsed ("tree/host1/databases", 0, &browsed));
}

static void
test_task (void)
{
  g_autoptr (JsonNode) config = json_from_string (
      "{\"storages\":{\"databases\":{\"type\":\"incremental\",\"max_generations\":4}},"
      "\"backups\":[{\"name\":\"databases\",\"storage\":\"databases\",\"schedule\":\"0 2 * * "
      "*\",\"sources\":[{\"path\":\"/srv/data\"}],\"excludes\":[\"*.tmp\"]}]}",
      NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (BkTreeSettings) trees =
      bk_tree_settings_from_json (json_node_get_object (config), &error);

  g_assert_no_error (error);
  assert_golden ("tree-task.json", bk_view_tree_task (g_ptr_array_index (trees->tasks, 0),
                                                      g_ptr_array_index (trees->storages, 0),
                                                      "tree/host1/databases"));
}

static void
test_path_that_is_no_text (void)
{
  const BkTreeListed file = { .path = "a/\xff", .name = "\xff", .mode = 0600 };
  g_autoptr (JsonNode) view = bk_view_tree_listed (&file);
  JsonObject *object = json_node_get_object (view);
  gsize length_bytes;
  g_autofree guchar *bytes =
      g_base64_decode (json_object_get_string_member (object, "path_base64"), &length_bytes);

  g_assert_cmpmem (bytes, length_bytes, "/a/\xff", 4);
  g_assert_true (g_utf8_validate (json_object_get_string_member (object, "name"), -1, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/api/view-tree/golden", test_golden);
  g_test_add_func ("/api/view-tree/browse", test_browse);
  g_test_add_func ("/api/view-tree/task", test_task);
  g_test_add_func ("/api/view-tree/path-that-is-no-text", test_path_that_is_no_text);
  return g_test_run ();
}
