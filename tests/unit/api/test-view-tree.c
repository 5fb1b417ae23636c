#include "api/view-tree.h"

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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/api/view-tree/golden", test_golden);
  return g_test_run ();
}
