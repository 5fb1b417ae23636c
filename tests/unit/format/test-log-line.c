#include "format/log-line.h"

#include "base/error.h"
#include "base/timestamp.h"
#include "format/json.h"

#include <string.h>

static const char plain[] =
    "{\"timestamp\":\"2026-11-20T02:00:00.125Z\",\"level\":\"info\",\"project_id\":\"vm/web1\","
    "\"backup_id\":null,\"job_id\":\"20261120_020000-5f2a9c01\",\"action\":\"backup.base\","
    "\"status\":\"ok\",\"message\":\"All well\",\"details\":null,\"error\":null}";

static void
test_golden (void)
{
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "golden", "views", "log-line.json", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (BkLogLine) line = bk_log_line_from_text (text, strlen (text), &error);
  g_assert_no_error (error);
  g_autofree char *own = bk_log_line_to_text (line);
  g_autoptr (JsonNode) golden = json_from_string (text, NULL);
  g_autofree char *wanted = bk_json_to_text (golden, FALSE);
  g_autofree char *wanted_line = g_strconcat (wanted, "\n", NULL);
  g_assert_cmpstr (own, ==, wanted_line);
}

static void
test_is_one_line_of_bounded_length (void)
{
  g_autofree char *long_text = g_strnfill (100 * 1000, '"');
  g_autoptr (JsonObject) details = json_object_new ();
  const BkLogEntry entries[] = {
    { .project_id = "vm/a", .message = "one\ntwo\x1b[31m\xff" },
    { .project_id = "vm/a", .message = long_text, .error = long_text },
    { .project_id = "vm/a", .message = "short", .details = details },
  };

  json_object_set_string_member (details, "output", long_text);
  for (guint i = 0; i < G_N_ELEMENTS (entries); i++)
    {
      g_autoptr (BkLogLine) line = bk_log_line_new (&entries[i], NULL, 1);
      g_autofree char *text = bk_log_line_to_text (line);
      g_autoptr (GError) error = NULL;
      gsize length = strlen (text);

      g_assert_cmpuint (length, <=, BK_LOG_LINE_MAX_BYTES);
      g_assert_true (strchr (text, '\n') == text + length - 1);
      g_assert_null (strchr (text, '\x1b'));
      g_autoptr (BkLogLine) again = bk_log_line_from_text (text, length - 1, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (again->project_id, ==, "vm/a");
    }
}

static void
test_broken (void)
{
  static const struct
  {
    const char *was;
    const char *is;
  } cases[] = {
    { "{\"timestamp\"", "[\"timestamp\"" },
    { "\"info\"", "\"loud\"" },
    { "\"2026-11-20T02:00:00.125Z\"", "\"2026-13-20T02:00:00.125Z\"" },
    { "\"2026-11-20T02:00:00.125Z\"", "1" },
    { "\"vm/web1\"", "null" },
    { "\"All well\"", "{}" },
    { "\"error\":null}", "\"err" },
    { "\"error\":null}", "\"error\":{}}" },
    { "\"All well\"", "\"\xff\"" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GString) text = g_string_new (plain);
      g_autoptr (GError) error = NULL;

      g_assert_cmpuint (g_string_replace (text, cases[i].was, cases[i].is, 0), ==, 1);
      g_assert_null (bk_log_line_from_text (text->str, text->len, &error));
      g_assert_error (error, BK_ERROR, BK_ERROR_INTEGRITY);
    }
}

/* The prefilter may let through too much, never too little; and it must save work. */
static void
test_prefilter_agrees (void)
{
  static const struct
  {
    BkLogFilter filter;
    gboolean matches;
    gboolean may_match;
  } cases[] = {
    { { 0 }, TRUE, TRUE },
    { { .min_level = BK_LOG_INFO }, TRUE, TRUE },
    { { .min_level = BK_LOG_WARNING }, FALSE, FALSE },
    { { .project_id = (char *) "vm/web1" }, TRUE, TRUE },
    { { .project_id = (char *) "vm/web" }, FALSE, TRUE },
    { { .job_id = (char *) "20261120_020000-5f2a9c01" }, TRUE, TRUE },
    { { .job_id = (char *) "20261120_020000-00000000" }, FALSE, FALSE },
    { { .backup_id = (char *) "web1-Base-1" }, FALSE, FALSE },
    { { .text = (char *) "WELL" }, TRUE, TRUE },
    { { .text = (char *) "BACKUP.base" }, TRUE, TRUE },
    { { .text = (char *) "ill" }, FALSE, FALSE },
    { { .text = (char *) "é" }, FALSE, TRUE },
    { { .since_usecs = 1, .until_usecs = G_USEC_PER_SEC }, FALSE, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (BkLogPrefilter) prefilter = bk_log_prefilter_new (&cases[i].filter);
      g_autoptr (BkLogLine) line = bk_log_line_from_text (plain, strlen (plain), NULL);

      g_test_message ("case %u", i);
      g_assert_cmpint (bk_log_filter_matches (&cases[i].filter, line), ==, cases[i].matches);
      g_assert_cmpint (bk_log_prefilter_may_match (prefilter, plain), ==, cases[i].may_match);
    }
}

static void
test_time_bounds (void)
{
  gint64 time_usecs = bk_time_from_iso ("2026-11-20T02:00:00.125Z");
  const struct
  {
    gint64 since, until;
    gboolean matches;
  } cases[] = {
    { time_usecs, 0, TRUE },     { time_usecs + 1, 0, FALSE },         { 0, time_usecs, FALSE },
    { 0, time_usecs + 1, TRUE }, { time_usecs, time_usecs + 1, TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      BkLogFilter filter = { .since_usecs = cases[i].since, .until_usecs = cases[i].until };
      g_autoptr (BkLogPrefilter) prefilter = bk_log_prefilter_new (&filter);
      g_autoptr (BkLogLine) line = bk_log_line_from_text (plain, strlen (plain), NULL);

      g_assert_cmpint (bk_log_filter_matches (&filter, line), ==, cases[i].matches);
      if (cases[i].matches)
        g_assert_true (bk_log_prefilter_may_match (prefilter, plain));
    }
}

static void
test_prefilter_passes_other_writers (void)
{
  static const char other[] =
      "{\"level\": \"ERROR\", \"project_id\": \"vm\\/web1\", \"job_id\": \"\\u0041\", "
      "\"timestamp\": \"2026-11-20T02:00:00.125Z\", \"message\": \"w\\u0065ll\"}";
  BkLogFilter filter = { .min_level = BK_LOG_ERROR,
                         .job_id = (char *) "A",
                         .project_id = (char *) "vm/web1",
                         .text = (char *) "well" };
  g_autoptr (BkLogPrefilter) prefilter = bk_log_prefilter_new (&filter);
  g_autoptr (GError) error = NULL;
  g_autoptr (BkLogLine) line = bk_log_line_from_text (other, strlen (other), &error);

  g_assert_no_error (error);
  g_assert_true (bk_log_filter_matches (&filter, line));
  g_assert_true (bk_log_prefilter_may_match (prefilter, other));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/format/log-line/golden", test_golden);
  g_test_add_func ("/format/log-line/is-one-line-of-bounded-length",
                   test_is_one_line_of_bounded_length);
  g_test_add_func ("/format/log-line/broken", test_broken);
  g_test_add_func ("/format/log-line/prefilter-agrees", test_prefilter_agrees);
  g_test_add_func ("/format/log-line/time-bounds", test_time_bounds);
  g_test_add_func ("/format/log-line/prefilter-passes-other-writers",
                   test_prefilter_passes_other_writers);
  return g_test_run ();
}
