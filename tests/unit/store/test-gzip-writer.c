#include "store/archive/gzip-writer.h"

#include "base/error.h"
#include "base/fd.h"

#include <fcntl.h>
#include <string.h>

/* What failed, on what, and why: the package has no name while it is written, so the place is said. */
static void
test_no_room (void)
{
  autofd int fd = open ("/dev/full", O_WRONLY | O_CLOEXEC);
  g_autoptr (BkGzipWriter) writer = bk_gzip_writer_new (fd, "/srv/packages");
  g_autoptr (GError) error = NULL;
  char sha256[BK_SHA256_HEX_LENGTH + 1];
  guint64 size_bytes;

  g_assert_cmpint (fd, >=, 0);
  gboolean written = bk_gzip_writer_write (writer, "text", 4, &error) &&
                     bk_gzip_writer_close (writer, &size_bytes, sha256, &error);
  g_assert_false (written);
  g_assert_error (error, BK_ERROR, BK_ERROR_NO_SPACE);
  g_assert_nonnull (strstr (error->message, "“/srv/packages”"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/gzip-writer/no-room", test_no_room);
  return g_test_run ();
}
