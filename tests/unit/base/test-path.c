#include "base/path.h"

#include "base/error.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

typedef struct
{
  char *root;
  int fd;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->root = g_dir_make_tmp ("bk-path-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->fd = bk_open_directory (fixture->root, &error);
  g_assert_no_error (error);
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
}

static void
test_names (void)
{
  g_autofree char *long_name = g_strnfill (BK_NAME_MAX_BYTES + 1, 'a');
  const char *const bad[] = { NULL,  "",     ".",     "..",   ".hidden", "-rf",
                              "a/b", "a\nb", "a\x7f", "\xff", long_name };
  const char *const good[] = { "web1", "São Paulo", "a b", "a&b,c", "x..y" };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (bk_name_is_safe (bad[i]));
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (bk_name_is_safe (good[i]));

  g_assert_true (bk_path_is_safe_relative ("vm/web1/data"));
  g_assert_false (bk_path_is_safe_relative ("/etc"));
  g_assert_false (bk_path_is_safe_relative ("vm/../etc"));
  g_assert_false (bk_path_is_safe_relative ("vm//x"));
  g_assert_false (bk_path_is_safe_relative ("vm/"));
}

static void
test_no_way_out (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (symlinkat ("/etc", fixture->fd, "link"), ==, 0);
  g_assert_cmpint (bk_open_file_at (fixture->fd, "link/passwd", &error), ==, -1);
  g_clear_error (&error);
  g_assert_cmpint (bk_open_file_at (fixture->fd, "../../etc/passwd", &error), ==, -1);
  g_clear_error (&error);
  g_assert_cmpint (bk_make_directory_at (fixture->fd, "link/x", 0700, &error), ==, -1);
  g_clear_error (&error);
  g_assert_cmpint (mkfifoat (fixture->fd, "pipe", 0600), ==, 0);
  g_assert_cmpint (bk_open_file_at (fixture->fd, "pipe", &error), ==, -1);
  g_assert_error (error, BK_ERROR, BK_ERROR_INTEGRITY);
}

static void
test_remove_keeps_link_targets (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  autofd int deep = bk_make_directory_at (fixture->fd, "a/b/c", 0711, &error);
  autofd int kept = bk_make_directory_at (fixture->fd, "kept", 0700, &error);
  struct stat st;

  g_assert_no_error (error);
  g_assert_cmpint (fstat (deep, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 07777, ==, 0711);
  g_assert_cmpint (mkdirat (kept, "inside", 0700), ==, 0);
  g_assert_cmpint (symlinkat ("../../../kept", deep, "link"), ==, 0);

  g_assert_true (bk_remove_tree_at (fixture->fd, "a", &error));
  g_assert_no_error (error);
  g_assert_cmpint (fstatat (fixture->fd, "a", &st, 0), ==, -1);
  g_assert_cmpint (fstatat (kept, "inside", &st, 0), ==, 0);
  g_assert_true (bk_remove_tree_at (fixture->fd, "a", &error));
}

static guint
mode_of (const char *path)
{
  struct stat st;

  g_assert_cmpint (stat (path, &st), ==, 0);
  return st.st_mode & 07777;
}

/* A log directory was made for root alone, and with it /var/lib/cockpit-backup: QEMU could not reach
 * the repository beside it. */
static void
test_make_those_above (Fixture *fixture, gconstpointer data)
{
  g_autofree char *above = g_build_filename (fixture->root, "lib", NULL);
  g_autofree char *own = g_build_filename (above, "state", NULL);
  g_autofree char *logs = g_build_filename (own, "logs", NULL);
  mode_t old_mask = umask (077);

  g_assert_true (bk_make_directories (logs, 0700));
  g_assert_true (bk_make_directories (logs, 0755));
  umask (old_mask);
  g_assert_cmphex (mode_of (above), ==, 0711);
  g_assert_cmphex (mode_of (own), ==, 0711);
  g_assert_cmphex (mode_of (logs), ==, 0700);
}

static void
test_make_below_a_file (Fixture *fixture, gconstpointer data)
{
  g_autofree char *file = g_build_filename (fixture->root, "file", NULL);
  g_autofree char *below = g_build_filename (file, "logs", NULL);

  g_assert_true (g_file_set_contents (file, "", 0, NULL));
  g_assert_false (bk_make_directories (file, 0700));
  g_assert_cmpint (errno, ==, EEXIST);
  g_assert_false (bk_make_directories (below, 0700));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/path/names", test_names);
  g_test_add ("/base/path/no-way-out", Fixture, NULL, set_up, test_no_way_out, tear_down);
  g_test_add ("/base/path/make-those-above", Fixture, NULL, set_up, test_make_those_above, tear_down);
  g_test_add ("/base/path/make-below-a-file", Fixture, NULL, set_up, test_make_below_a_file, tear_down);
  g_test_add ("/base/path/remove-keeps-link-targets", Fixture, NULL, set_up,
              test_remove_keeps_link_targets, tear_down);
  return g_test_run ();
}
