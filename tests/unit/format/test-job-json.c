#include "format/job-json.h"

#include "base/error.h"
#include "format/json.h"

#include <string.h>

static char *
read_view (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "views", name, NULL);
  g_autoptr (GError) error = NULL;
  char *text;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

/* A job read from the golden view and written again is that view, members in that order. */
static void
test_golden (gconstpointer data)
{
  g_autofree char *text = read_view (data);
  g_autoptr (GError) error = NULL;
  g_autoptr (BkJob) job = bk_job_from_record (text, strlen (text), &error);

  g_assert_no_error (error);
  g_autoptr (JsonNode) view = bk_job_to_json (job);
  g_autoptr (JsonNode) golden = json_from_string (text, NULL);
  g_autofree char *own = bk_json_to_text (view, FALSE);
  g_autofree char *wanted = bk_json_to_text (golden, FALSE);
  g_assert_cmpstr (own, ==, wanted);
}

static void
test_settings_are_stored_but_not_shown (void)
{
  g_autofree char *text = read_view ("job.json");
  g_autoptr (BkJob) job = bk_job_from_record (text, strlen (text), NULL);

  job->settings = json_object_new ();
  json_object_set_string_member (job->settings, "repository_dir", "/srv");
  g_autoptr (JsonNode) view = bk_job_to_json (job);
  g_assert_false (json_object_has_member (json_node_get_object (view), "settings"));

  g_autoptr (JsonNode) record = bk_job_to_record (job);
  g_autofree char *stored = bk_json_to_text (record, FALSE);
  g_autoptr (BkJob) again = bk_job_from_record (stored, strlen (stored), NULL);
  g_assert_cmpstr (json_object_get_string_member (again->settings, "repository_dir"), ==, "/srv");
}

static void
test_hostile (void)
{
  static const struct
  {
    const char *was;
    const char *is;
  } cases[] = {
    { "\"20261120_020000-5f2a9c01\"", "\"../../../etc/passwd\"" },
    { "\"20261120_020000-5f2a9c01\"", "null" },
    { "\"running\"", "\"asleep\"" },
    { "\"running\"", "7" },
    { "[\"vm/web1\", \"vm/db1\"],\n  \"state\"", "[1],\n  \"state\"" },
    { "[\"vm/web1\", \"vm/db1\"],\n  \"state\"", "{},\n  \"state\"" },
    { "52428800", "-1" },
    { "52428800", "1e300" },
    { "\"2026-11-20T02:00:00.050Z\"", "\"yesterday\"" },
    { "\"error\": null", "\"error\": \"no\"" },
    { "\"error\": null", "\"error\": {}" },
    { "\"error\": null\n}", "\"error\": null" },
  };
  g_autofree char *text = read_view ("job.json");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GString) changed = g_string_new (text);
      g_autoptr (GError) error = NULL;

      g_assert_cmpuint (g_string_replace (changed, cases[i].was, cases[i].is, 0), ==, 1);
      g_autoptr (BkJob) job = bk_job_from_record (changed->str, changed->len, &error);
      g_assert_null (job);
      g_assert_error (error, BK_ERROR, BK_ERROR_INTEGRITY);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/format/job-json/golden", "job.json", test_golden);
  g_test_add_data_func ("/format/job-json/golden-failed", "job-failed.json", test_golden);
  g_test_add_func ("/format/job-json/settings-are-stored-but-not-shown",
                   test_settings_are_stored_but_not_shown);
  g_test_add_func ("/format/job-json/hostile", test_hostile);
  return g_test_run ();
}
