#include "api/views/backup.h"

static void
add (GPtrArray *backups, const char *id, guint64 size_bytes)
{
  BkBackup *backup = bk_backup_new (id, "vm/web1", BK_BACKUP_INCREMENTAL);

  backup->size_bytes = size_bytes;
  g_ptr_array_add (backups, backup);
}

static void
test_golden (void)
{
  g_auto (BkBackupDeletePlan) plan = { .size_bytes = 5578432512, .cycle_vm = g_strdup ("web1") };
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "golden", "views", "backup-delete-plan.json", NULL);
  g_autoptr (GError) error = NULL;

  plan.removals = g_ptr_array_new_with_free_func ((GDestroyNotify) bk_backup_free);
  add (plan.removals, "web1-Inc-20261120_020000", 1);
  add (plan.removals, "web1-Inc-20261119_020000", 2);
  add (plan.removals, "web1-Base-20261118_020000", 3);

  g_autoptr (JsonNode) view = bk_view_delete_plan ("vm/web1/web1-Base-20261118_020000", &plan);
  g_assert_true (json_parser_load_from_file (parser, path, &error));
  g_assert_no_error (error);
  g_assert_true (json_node_equal (view, json_parser_get_root (parser)));

  g_autoptr (JsonNode) deleted = bk_view_deleted ("vm/web1/x", plan.removals);
  g_assert_cmpint (json_object_get_int_member (json_node_get_object (deleted), "count"), ==, 3);
  g_assert_cmpint (json_object_get_int_member (json_node_get_object (deleted), "size_bytes"), ==,
                   6);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/api/view-backup/golden", test_golden);
  return g_test_run ();
}
