#include "base/write-out.h"

#include "base/fd.h"
#include "base/path.h"

#include <fcntl.h>

typedef struct
{
  char *path;
  int directory;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->path = g_dir_make_tmp ("bk-XXXXXX", NULL);
  f->directory = open (f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_assert_cmpint (f->directory, >=, 0);

  autofd int file = openat (f->directory, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  g_assert_cmpint (write (file, "text", 4), ==, 4);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  unlinkat (f->directory, "file", 0);
  close (f->directory);
  g_rmdir (f->path);
  g_free (f->path);
}

static guint
count_open_files (void)
{
  autofd int directory = bk_open_directory ("/proc/self/fd", NULL);
  g_autoptr (GPtrArray) names = bk_list_directory (directory, NULL);

  g_assert_nonnull (names);
  return names->len;
}

/* Stopped at once and while it works, with nothing of it left open. */
static void
test_leaves_nothing (Fixture *f, gconstpointer data)
{
  static const char *const paths[] = { "file", "file", NULL };
  guint before_count = count_open_files ();

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (BkWriteOut) write_out = bk_write_out_start (f->directory, paths);

      g_assert_cmpuint (count_open_files (), ==, before_count + 2);
      if (i == 1)
        g_usleep (250 * G_TIME_SPAN_MILLISECOND);
    }
  g_assert_cmpuint (count_open_files (), ==, before_count);
}

static void
test_missing (Fixture *f, gconstpointer data)
{
  static const char *const paths[] = { "missing", "file", NULL };
  guint before_count = count_open_files ();
  g_autoptr (BkWriteOut) write_out = bk_write_out_start (f->directory, paths);

  g_assert_cmpuint (count_open_files (), ==, before_count + 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/base/write-out/leaves-nothing", Fixture, NULL, set_up, test_leaves_nothing,
              tear_down);
  g_test_add ("/base/write-out/missing", Fixture, NULL, set_up, test_missing, tear_down);
  return g_test_run ();
}
