#include "store/log/file.h"
#include "store/log/reader.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/timestamp.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

typedef struct
{
  char *root;
  int fd;
  BkLogFilter *filter;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->root = g_dir_make_tmp ("bk-log-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->fd = bk_log_dir_open (fixture->root, &error);
  g_assert_no_error (error);
  fixture->filter = bk_log_filter_new ();
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) names = bk_list_directory (fixture->fd, NULL);

  for (guint i = 0; i < names->len; i++)
    g_assert_true (bk_remove_tree_at (fixture->fd, g_ptr_array_index (names, i), NULL));
  close (fixture->fd);
  g_assert_cmpint (g_rmdir (fixture->root), ==, 0);
  g_free (fixture->root);
  bk_log_filter_free (fixture->filter);
}

static void
say (Fixture *fixture, const char *project_id, const char *iso, const char *message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BkLogLine) line = bk_log_line_new (
      &(BkLogEntry){ .level = BK_LOG_INFO, .project_id = project_id, .message = message },
      "20261120_020000-5f2a9c01", bk_time_from_iso (iso));

  bk_log_append (fixture->fd, line, &error);
  g_assert_no_error (error);
}

static void
write_raw (Fixture *fixture, const char *name, const char *text)
{
  autofd int fd = openat (fixture->fd, name, O_WRONLY | O_APPEND | O_CREAT, 0600);

  g_assert_cmpint (write (fd, text, strlen (text)), ==, (gssize) strlen (text));
}

static gboolean
collect (const BkLogLine *line, gpointer user_data, GError **error)
{
  GString *messages = user_data;

  g_string_append_printf (messages, "%s%s", messages->len > 0 ? "," : "", line->message);
  return TRUE;
}

static void
assert_query (Fixture *fixture, guint64 limit, const char *wanted)
{
  g_autoptr (GString) messages = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  bk_log_query (fixture->fd, fixture->filter, limit, collect, messages, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (messages->str, ==, wanted);
}

static void
assert_next (BkLogReader *reader, const char *wanted)
{
  g_autoptr (GError) error = NULL;
  BkLogLine *next;

  g_assert_true (bk_log_reader_next (reader, &next, NULL, &error));
  g_assert_no_error (error);
  g_autoptr (BkLogLine) line = next;
  g_assert_cmpstr (line == NULL ? NULL : line->message, ==, wanted);
}

static void
test_names (void)
{
  static const char *const bad[] = { "",
                                     ".log",
                                     "_2026-11-20.log",
                                     "x_2026-11-31.log",
                                     "x_2026-11-20.log.gz",
                                     ".x_2026-11-20.log",
                                     "x-2026-11-20.log" };
  g_autofree char *plain = bk_log_file_name ("vm/web1", 0);
  g_autofree char *long_id = g_strnfill (400, 'x');
  g_autofree char *long_name = bk_log_file_name (long_id, 0);
  g_autofree char *hostile = bk_log_file_name ("../../etc/passwd", 0);
  g_autofree char *none = bk_log_file_name ("", 0);

  g_assert_cmpstr (plain, ==, "vm-web1_1970-01-01.log");
  g_assert_cmpuint (strlen (long_name), <=, 255);
  g_assert_true (bk_log_file_name_is_valid (plain));
  g_assert_true (bk_log_file_name_is_valid (long_name));
  g_assert_null (strchr (hostile, '/'));
  g_assert_true (bk_log_file_name_is_valid (hostile));
  g_assert_true (bk_log_file_name_is_valid (none));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (bk_log_file_name_is_valid (bad[i]));
}

static void
test_order_over_projects_and_days (Fixture *fixture, gconstpointer data)
{
  say (fixture, "vm/b", "2026-11-20T23:59:59.999Z", "2");
  say (fixture, "vm/a", "2026-11-20T10:00:00.000Z", "1");
  say (fixture, "vm/b", "2026-11-21T00:00:00.000Z", "3");
  say (fixture, "vm/a", "2026-11-21T00:00:00.001Z", "4");
  say (fixture, "vm/c", "2026-11-21T00:00:00.002Z", "5");
  say (fixture, "vm/b", "2026-11-21T00:00:00.003Z", "6");

  assert_query (fixture, 0, "1,2,3,4,5,6");
  assert_query (fixture, 1, "6");
  assert_query (fixture, 4, "3,4,5,6");
  assert_query (fixture, 5, "2,3,4,5,6");
  assert_query (fixture, 100, "1,2,3,4,5,6");

  fixture->filter->since_usecs = bk_time_from_iso ("2026-11-20T23:59:59.999Z");
  fixture->filter->until_usecs = bk_time_from_iso ("2026-11-21T00:00:00.001Z");
  assert_query (fixture, 0, "2,3");
}

/* vm/a-b and vm/a/b share a file; vm/a-b must not see the other's lines. */
static void
test_shared_file (Fixture *fixture, gconstpointer data)
{
  say (fixture, "tree/a-b/c", "2026-11-20T10:00:00.000Z", "mine");
  say (fixture, "tree/a/b-c", "2026-11-20T10:00:00.001Z", "theirs");

  g_autoptr (GPtrArray) names = bk_list_directory (fixture->fd, NULL);
  g_assert_cmpuint (names->len, ==, 1);
  fixture->filter->project_id = g_strdup ("tree/a-b/c");
  assert_query (fixture, 0, "mine");
  assert_query (fixture, 10, "mine");
}

static void
test_torn_line (Fixture *fixture, gconstpointer data)
{
  say (fixture, "vm/a", "2026-11-20T10:00:00.000Z", "before");
  write_raw (fixture, "vm-a_2026-11-20.log", "{\"timestamp\":\"2026-11-20T10:00:");
  assert_query (fixture, 0, "before");
  say (fixture, "vm/a", "2026-11-20T10:00:01.000Z", "after");
  assert_query (fixture, 0, "before,after");
}

static void
test_foreign_files (Fixture *fixture, gconstpointer data)
{
  g_autofree char *huge = g_strnfill (3 * BK_LOG_LINE_MAX_BYTES, 'x');

  say (fixture, "vm/a", "2026-11-20T10:00:00.000Z", "one");
  write_raw (fixture, "vm-a_2026-11-20.log", huge);
  write_raw (fixture, "vm-a_2026-11-20.log", "\n\n[]\n{}\n");
  say (fixture, "vm/a", "2026-11-20T10:00:01.000Z", "two");
  write_raw (fixture, "notes.txt", "hello\n");
  g_assert_cmpint (symlinkat ("vm-a_2026-11-20.log", fixture->fd, "vm-z_2026-11-19.log"), ==, 0);
  g_assert_cmpint (unlinkat (fixture->fd, "vm-z_2026-11-19.log", 0), ==, 0);
  assert_query (fixture, 0, "one,two");
}

static void
test_refuses_a_link_and_a_pipe (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BkLogLine) line =
      bk_log_line_new (&(BkLogEntry){ .project_id = "vm/a", .message = "m" }, NULL, 0);

  g_assert_cmpint (symlinkat ("/dev/null", fixture->fd, "vm-a_1970-01-01.log"), ==, 0);
  g_assert_false (bk_log_append (fixture->fd, line, &error));
  g_clear_error (&error);
  g_assert_cmpint (unlinkat (fixture->fd, "vm-a_1970-01-01.log", 0), ==, 0);
  g_assert_cmpint (mkfifoat (fixture->fd, "vm-a_1970-01-01.log", 0600), ==, 0);
  g_assert_false (bk_log_append (fixture->fd, line, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_INTEGRITY);
}

static void
test_goes_on (Fixture *fixture, gconstpointer data)
{
  g_autoptr (BkLogReader) reader = bk_log_reader_new (fixture->fd, fixture->filter);

  say (fixture, "vm/a", "2026-11-20T23:59:59.000Z", "one");
  g_assert_true (bk_log_reader_scan (reader, NULL));
  assert_next (reader, "one");
  assert_next (reader, NULL);

  /* A line of which half is written is not there yet. */
  write_raw (fixture, "vm-a_2026-11-20.log",
             "{\"timestamp\":\"2026-11-20T23:59:59.500Z\",\"level\":\"info\",");
  bk_log_reader_touch (reader, "vm-a_2026-11-20.log");
  assert_next (reader, NULL);
  write_raw (fixture, "vm-a_2026-11-20.log", "\"project_id\":\"vm/a\",\"message\":\"two\"}\n");
  bk_log_reader_touch (reader, "vm-a_2026-11-20.log");
  bk_log_reader_touch (reader, "vm-a_2026-11-20.log");
  assert_next (reader, "two");
  assert_next (reader, NULL);

  /* Midnight. */
  say (fixture, "vm/a", "2026-11-21T00:00:00.000Z", "three");
  bk_log_reader_touch (reader, "vm-a_2026-11-21.log");
  bk_log_reader_touch (reader, "../../etc/passwd");
  assert_next (reader, "three");
  assert_next (reader, NULL);

  /* Emptied by another program, and written again. */
  g_assert_cmpint (openat (fixture->fd, "vm-a_2026-11-20.log", O_WRONLY | O_TRUNC), >=, 0);
  write_raw (fixture, "vm-a_2026-11-20.log",
             "{\"timestamp\":\"2026-11-20T23:59:59.900Z\",\"level\":\"info\","
             "\"project_id\":\"vm/a\",\"message\":\"four\"}\n");
  bk_log_reader_touch (reader, "vm-a_2026-11-20.log");
  assert_next (reader, "four");
}

static void
test_skip_to_end (Fixture *fixture, gconstpointer data)
{
  g_autoptr (BkLogReader) reader = bk_log_reader_new (fixture->fd, fixture->filter);

  for (guint i = 0; i < 1000; i++)
    say (fixture, "vm/a", "2026-11-20T10:00:00.000Z", "old");
  g_assert_true (bk_log_reader_skip_to_end (reader, NULL));
  say (fixture, "vm/a", "2026-11-20T10:00:01.000Z", "new");
  g_assert_true (bk_log_reader_scan (reader, NULL));
  assert_next (reader, "new");
  assert_next (reader, NULL);
}

/* Lines that cross the pieces a file is read back in, and some that do not match. */
static void
test_newest_of_a_long_file (Fixture *fixture, gconstpointer data)
{
  g_autofree char *padding = g_strnfill (20000, 'x');

  for (guint i = 0; i < 60; i++)
    {
      g_autofree char *message = g_strdup_printf ("%u", i);
      g_autofree char *iso = g_strdup_printf ("2026-11-20T10:00:%02u.000Z", i);

      say (fixture, "vm/a", iso, message);
      say (fixture, "vm/a", iso, padding);
    }
  write_raw (fixture, "vm-a_2026-11-20.log", padding);
  fixture->filter->text = g_strdup ("5");
  assert_query (fixture, 1, "59");
  assert_query (fixture, 3, "57,58,59");
  assert_query (fixture, 12, "35,45,50,51,52,53,54,55,56,57,58,59");
  assert_query (fixture, 15, "5,15,25,35,45,50,51,52,53,54,55,56,57,58,59");
  assert_query (fixture, 100, "5,15,25,35,45,50,51,52,53,54,55,56,57,58,59");
}

static void
test_prune (Fixture *fixture, gconstpointer data)
{
  guint removed;

  say (fixture, "vm/a", "2026-11-18T23:59:59.999Z", "1");
  say (fixture, "vm/a", "2026-11-19T00:00:00.000Z", "2");
  say (fixture, "vm/b", "2026-11-20T00:00:00.000Z", "3");
  write_raw (fixture, "kept.txt", "not a log\n");
  gint64 now_usecs = bk_time_from_iso ("2026-11-20T12:00:00.000Z");

  g_assert_true (bk_log_prune (fixture->fd, 0, now_usecs, &removed, NULL));
  g_assert_cmpuint (removed, ==, 0);
  g_assert_true (bk_log_prune (fixture->fd, 2, now_usecs, &removed, NULL));
  g_assert_cmpuint (removed, ==, 1);
  assert_query (fixture, 0, "2,3");
  g_assert_true (bk_log_prune (fixture->fd, 1, now_usecs, &removed, NULL));
  assert_query (fixture, 0, "3");
  g_assert_cmpint (faccessat (fixture->fd, "kept.txt", F_OK, 0), ==, 0);
}

static void
test_many_projects (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString) wanted = g_string_new (NULL);

  /* More than a process may have open at once. */
  for (guint i = 0; i < 1500; i++)
    {
      g_autofree char *project = g_strdup_printf ("vm/%u", 1499 - i);
      g_autofree char *message = g_strdup_printf ("%u", i);
      g_autofree char *iso = g_strdup_printf ("2026-11-20T10:%02u:%02u.000Z", i / 60, i % 60);

      say (fixture, project, iso, message);
      g_string_append_printf (wanted, "%s%u", i > 0 ? "," : "", i);
    }
  assert_query (fixture, 0, wanted->str);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/log-file/names", test_names);
#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/store/log-file/order-over-projects-and-days", test_order_over_projects_and_days);
  ADD ("/store/log-file/shared-file", test_shared_file);
  ADD ("/store/log-file/torn-line", test_torn_line);
  ADD ("/store/log-file/foreign-files", test_foreign_files);
  ADD ("/store/log-file/refuses-a-link-and-a-pipe", test_refuses_a_link_and_a_pipe);
  ADD ("/store/log-file/newest-of-a-long-file", test_newest_of_a_long_file);
  ADD ("/store/log-file/prune", test_prune);
  ADD ("/store/log-reader/goes-on", test_goes_on);
  ADD ("/store/log-reader/skip-to-end", test_skip_to_end);
  ADD ("/store/log-reader/many-projects", test_many_projects);
#undef ADD
  return g_test_run ();
}
