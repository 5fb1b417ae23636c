#include "base/write.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

static void
test_at (void)
{
  autofd int fd = memfd_create ("write", MFD_CLOEXEC);
  char got[8] = "";

  g_assert_true (bk_write_all (fd, "abcdef", 6));
  g_assert_true (bk_write_all_at (fd, "XY", 2, 2));
  g_assert_true (bk_write_all (fd, "g", 1)); /* the position is where it was */
  g_assert_true (bk_write_all (fd, "", 0));
  g_assert_cmpint (pread (fd, got, sizeof got, 0), ==, 7);
  g_assert_cmpstr (got, ==, "abXYefg");
}

static gpointer
drain (gpointer data)
{
  int fd = GPOINTER_TO_INT (data);
  char buffer[1000];
  gsize total_bytes = 0;

  for (ssize_t n; (n = read (fd, buffer, sizeof buffer)) > 0;)
    total_bytes += (gsize) n;
  return GSIZE_TO_POINTER (total_bytes);
}

/* A pipe takes only what there is room for: more than one write of a larger buffer. */
static void
test_in_parts (void)
{
  const gsize length_bytes = 1024 * 1024;
  g_autofree guint8 *data = g_malloc0 (length_bytes);
  int fds[2];

  g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
  GThread *reader = g_thread_new ("drain", drain, GINT_TO_POINTER (fds[0]));
  g_assert_true (bk_write_all (fds[1], data, length_bytes));
  close (fds[1]);
  g_assert_cmpuint (GPOINTER_TO_SIZE (g_thread_join (reader)), ==, length_bytes);
  close (fds[0]);
}

static void
test_full (void)
{
  autofd int fd = open ("/dev/full", O_WRONLY | O_CLOEXEC);

  errno = 0;
  g_assert_false (bk_write_all (fd, "a", 1));
  g_assert_cmpint (errno, ==, ENOSPC);
  errno = 0;
  g_assert_false (bk_write_all_at (-1, "a", 1, 0));
  g_assert_cmpint (errno, ==, EBADF);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/write/at", test_at);
  g_test_add_func ("/base/write/in-parts", test_in_parts);
  g_test_add_func ("/base/write/full", test_full);
  return g_test_run ();
}
