#include "format/metadata.h"

#include "base/error.h"
#include "format/json.h"

#include <string.h>

static char *
golden (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "views", name, NULL);
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

static BkBackup *
parse (const char *text, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  return bk_metadata_from_bytes (bytes, "It", error);
}

/* Reading the golden file and writing it again gives the same object. */
static void
test_golden (gconstpointer name)
{
  g_autofree char *text = golden (name);
  g_autoptr (GError) error = NULL;
  g_autoptr (BkBackup) backup = parse (text, &error);

  g_assert_no_error (error);
  g_assert_cmpint (backup->type, ==, BK_BACKUP_FULL);
  g_assert_cmpint (backup->status, ==, BK_BACKUP_COMPLETED);
  g_assert_cmpuint (backup->files->len, ==, 2);

  g_autoptr (BkBackup) copy = bk_backup_copy (backup);
  g_autoptr (JsonNode) expected = json_from_string (text, &error);
  g_autoptr (JsonNode) written = bk_metadata_to_json (copy, TRUE);
  g_assert_no_error (error);
  g_assert_true (json_node_equal (expected, written));

  g_autoptr (JsonNode) listed = bk_metadata_to_json (backup, FALSE);
  JsonObject *extra = json_object_get_object_member (json_node_get_object (listed), "extra");
  g_assert_false (json_object_has_member (extra, "files"));
  g_assert_true (json_object_has_member (extra, "step"));
  g_assert_cmpint (json_object_has_member (extra, "broken"), ==, strstr (name, "damaged") != NULL);
}

static void
test_broken (void)
{
  static const struct
  {
    const char *from;
    const char *to;
  } cases[] = {
    { "\"full\"", "\"half\"" },
    { "\"completed\"", "\"done\"" },
    { "\"data/domain.xml\"", "\"../../etc/passwd\"" },
    { "\"data/domain.xml\"", "\"/etc/passwd\"" },
    { "\"size\": 8192", "\"size\": -1" },
    { "\"size_bytes\": 5368717312", "\"size_bytes\": \"many\"" },
    { "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae", "2c26" },
    { "\"2026-11-18T02:00:00.000Z\"", "\"yesterday\"" },
    { "\"tags\": []", "\"tags\": {}" },
    { "\"id\": \"web1-Base-20261118_020000\",", "" },
  };
  g_autofree char *text = golden ("backup.json");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (GStrv) parts = g_strsplit (text, cases[i].from, 2);
      g_autofree char *broken = g_strjoinv (cases[i].to, parts);
      g_autoptr (GError) error = NULL;

      g_assert_cmpuint (g_strv_length (parts), ==, 2);
      g_assert_null (parse (broken, &error));
      g_assert_error (error, BK_ERROR, BK_ERROR_INTEGRITY);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/format/metadata/golden", "backup.json", test_golden);
  g_test_add_data_func ("/format/metadata/golden-damaged", "backup-damaged.json", test_golden);
  g_test_add_func ("/format/metadata/broken", test_broken);
  return g_test_run ();
}
