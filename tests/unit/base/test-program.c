#include "base/program.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#define SAY "say"

/* What a copy of this test does: each line read is answered with where it lies. */
static int
say_where (void)
{
  char line[16];

  while (fgets (line, sizeof line, stdin) != NULL)
    {
      g_autofree char *path = bk_program_dup_path (NULL);

      puts (path);
      fflush (stdout);
    }
  return 0;
}

static void
copy_self (const char *path)
{
  g_autofree char *content = NULL;
  gsize length;

  g_assert_true (g_file_get_contents ("/proc/self/exe", &content, &length, NULL));
  g_assert_true (g_file_set_contents_full (path, content, length, G_FILE_SET_CONTENTS_CONSISTENT,
                                           0700, NULL));
}

static GSubprocess *
start_copy (const char *path)
{
  copy_self (path);
  GSubprocess *process = g_subprocess_new (
      G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, NULL, path, SAY, NULL);
  g_assert_nonnull (process);
  return process;
}

static void
end (GSubprocess *process)
{
  g_output_stream_close (g_subprocess_get_stdin_pipe (process), NULL, NULL);
  g_assert_true (g_subprocess_wait_check (process, NULL, NULL));
}

static char *
ask (GSubprocess *process, GDataInputStream *answers)
{
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all (g_subprocess_get_stdin_pipe (process), "?\n", 2, NULL, NULL, &error);
  g_assert_no_error (error);
  return g_data_input_stream_read_line (answers, NULL, NULL, NULL);
}

static void
test_replaced_while_it_runs (void)
{
  g_autofree char *directory = g_dir_make_tmp ("bk-program-XXXXXX", NULL);
  g_autofree char *real = g_canonicalize_filename (directory, NULL);
  g_autofree char *path = g_build_filename (real, "program", NULL);

  g_autoptr (GSubprocess) process = start_copy (path);
  g_autoptr (GDataInputStream) answers =
      g_data_input_stream_new (g_subprocess_get_stdout_pipe (process));

  g_autofree char *before = ask (process, answers);
  g_assert_cmpstr (before, ==, path);

  copy_self (path);
  g_autofree char *replaced = ask (process, answers);
  g_assert_cmpstr (replaced, ==, path);

  g_assert_cmpint (g_unlink (path), ==, 0);
  g_autofree char *removed = ask (process, answers);
  g_assert_cmpstr (removed, ==, path);

  end (process);
  g_rmdir (directory);
}

static void
test_named_as_if_it_were_deleted (void)
{
  g_autofree char *directory = g_dir_make_tmp ("bk-program-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "program (deleted)", NULL);

  g_autoptr (GSubprocess) process = start_copy (path);
  g_autoptr (GDataInputStream) answers =
      g_data_input_stream_new (g_subprocess_get_stdout_pipe (process));
  g_autofree char *said = ask (process, answers);
  g_assert_cmpstr (said, ==, path);

  end (process);
  g_unlink (path);
  g_rmdir (directory);
}

int
main (int argc, char **argv)
{
  if (argc == 2 && strcmp (argv[1], SAY) == 0)
    return say_where ();
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/program/replaced-while-it-runs", test_replaced_while_it_runs);
  g_test_add_func ("/base/program/named-as-if-it-were-deleted", test_named_as_if_it_were_deleted);
  return g_test_run ();
}
