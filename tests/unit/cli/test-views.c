#include "cli/views.h"

#include <string.h>

static const BkOperation vm_list = { "vm.list", "vm list" };
static const BkOperation backup_list = { "backup.list", "list" };
static const BkOperation other = { "other.list", "other" };
static const BkOperation job = { "vm.backup", "vm backup", NULL, BK_OPERATION_JOB };

/* Between a number and its unit stands a no-break space. The golden views are what the operations emit. */
static JsonNode *
golden (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "views", name, NULL);
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return json_from_string (text, NULL);
}

static char *
view_one (const BkOperation *operation, JsonNode *item)
{
  g_autoptr (JsonArray) items = json_array_new ();

  json_array_add_element (items, item);
  return bk_view_items (operation, items);
}

static void
test_vm_list (void)
{
  g_autofree char *text = view_one (&vm_list, golden ("vm.json"));

  g_assert_cmpstr (text, ==,
                   "NAME  STATE    DISKS    SIZE  LAST BACKUP          NEXT STEP    WARNINGS\n"
                   "web1  running      3  6.4 GB  2026-11-20 02:00:00  incremental         1\n");
}

static void
test_backup_list (void)
{
  g_autofree char *text = view_one (&backup_list, golden ("backup.json"));

  g_assert_cmpstr (
      text, ==,
      "PROJECT  BACKUP                     TYPE  STATUS     CREATED                SIZE  PROBLEM\n"
      "vm/web1  web1-Base-20261118_020000  full  completed  2026-11-18 02:00:00  5.4 GB  -\n");
}

static void
test_other (void)
{
  g_autofree char *text = view_one (
      &other, json_from_string ("{\"name\":\"a\\u001b[31mb\",\"size_bytes\":1000,"
                                "\"tags\":[\"x\",\"y\"],\"none\":null,\"deep\":{\"a\":1}}",
                                NULL));

  g_assert_cmpstr (text, ==,
                   "NAME       SIZE  TAGS  NONE\n"
                   "a [31mb  1.0 kB  x, y  -\n");
}

static void
test_hostile (void)
{
  static const char *const items[] = { "1",
                                       "\"a\"",
                                       "null",
                                       "[]",
                                       "{}",
                                       "{\"disks\":5,\"name\":[]}",
                                       "{\"last_backup\":[1],\"total_bytes\":-5}",
                                       "{\"last_backup\":{\"created_at\":{}}}" };

  for (guint i = 0; i < G_N_ELEMENTS (items); i++)
    {
      g_autofree char *text = view_one (&vm_list, json_from_string (items[i], NULL));
      g_autofree char *plain = view_one (&other, json_from_string (items[i], NULL));

      g_assert_nonnull (text);
      g_assert_nonnull (plain);
    }
}

static void
test_result (void)
{
  g_autoptr (JsonNode) result = golden ("vm-backup-result.json");
  g_autofree char *text = bk_view_result (&job, result);

  g_assert_nonnull (strstr (text, "size:     104.9 MB\n"));
  g_assert_nonnull (strstr (text, "\nbackups:\nVM"));
  g_assert_nonnull (strstr (text, "\nfailed:\nVM"));

  g_autoptr (JsonNode) failed = golden ("job-failed.json");
  g_autofree char *nothing = bk_view_result (&job, failed);
  g_assert_cmpstr (nothing, ==, "");
}

static void
test_first_steps (void)
{
  g_autoptr (JsonNode) none = json_from_string ("{\"count\":0,\"size_bytes\":0}", NULL);
  g_autoptr (JsonNode) one = json_from_string ("{\"count\":1,\"size_bytes\":5}", NULL);
  g_autoptr (JsonNode) broken = json_from_string ("{\"count\":0,\"warnings_count\":1}", NULL);
  g_autofree char *first = bk_view_result (&backup_list, none);
  g_autofree char *later = bk_view_result (&backup_list, one);
  g_autofree char *elsewhere = bk_view_result (&other, none);
  g_autofree char *unread = bk_view_result (&backup_list, broken);

  g_assert_nonnull (strstr (first, "\n\nThere is no backup here yet.\n"));
  g_assert_nonnull (strstr (first, "cockpit-backup vm backup NAME"));
  g_assert_nonnull (strstr (first, "cockpit-backup tree set NAME"));
  g_assert_null (strstr (later, "yet"));
  g_assert_null (strstr (elsewhere, "yet"));
  g_assert_null (strstr (unread, "yet"));
}

int
main (int argc, char **argv)
{
  g_setenv ("TZ", "UTC", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/views/vm-list", test_vm_list);
  g_test_add_func ("/cli/views/backup-list", test_backup_list);
  g_test_add_func ("/cli/views/other", test_other);
  g_test_add_func ("/cli/views/hostile", test_hostile);
  g_test_add_func ("/cli/views/result", test_result);
  g_test_add_func ("/cli/views/first-steps", test_first_steps);
  return g_test_run ();
}
