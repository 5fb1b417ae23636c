/* That an image names no other file than the one its record says that it continues. */
#include "ops/vm/backing.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "base/path.h"
#include "format/qcow2-header.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static GBytes *
read_head (int directory, const char *path, GError **error)
{
  autofd int fd = bk_open_file_at (directory, path, error);
  g_autofree guint8 *head = g_malloc (BK_QCOW2_HEAD_BYTES);
  gsize length_bytes = 0;

  while (fd >= 0 && length_bytes < BK_QCOW2_HEAD_BYTES)
    {
      ssize_t n = read (fd, head + length_bytes, BK_QCOW2_HEAD_BYTES - length_bytes);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          bk_error_set_errno (error, errno, "Reading “%s” failed", path);
          return NULL;
        }
      if (n == 0)
        break;
      length_bytes += (gsize) n;
    }
  return fd < 0 ? NULL : g_bytes_new_take (g_steal_pointer (&head), length_bytes);
}

/**
 * bk_vm_check_backing:
 * @path: of an image, below @directory; hostile
 * @parent: (nullable): the file that it continues, relative to the project; %NULL: none
 *
 * qemu-img, as root, opens what an image names: of a repository that somebody else could write to, it
 * would restore or hand out any file of this host.
 *
 * Errors: %BK_ERROR_INTEGRITY when it names another file than the one that it continues.
 */
gboolean
bk_vm_check_backing (int directory, const char *path, const char *parent, GError **error)
{
  g_autofree char *expected = parent == NULL ? NULL : g_strconcat ("../../", parent, NULL);
  g_autofree char *what = g_strdup_printf (_ ("the image “%s”"), path);
  g_autofree char *backing = NULL;
  g_autoptr (GBytes) head = read_head (directory, path, error);
  gsize length_bytes = 0;
  const guint8 *data = head == NULL ? NULL : g_bytes_get_data (head, &length_bytes);

  if (head == NULL || !bk_qcow2_read_backing (data, length_bytes, what, &backing, error))
    return FALSE;
  if (g_strcmp0 (backing, expected) == 0)
    return TRUE;

  g_autofree char *line = bk_error_one_line (backing == NULL ? "" : backing);
  if (expected == NULL)
    bk_set_error (error, BK_ERROR_INTEGRITY,
                  "%s continues “%s”, but its record says that it continues nothing", what, line);
  else
    bk_set_error (error, BK_ERROR_INTEGRITY, "%s continues “%s”, but its record says “%s”", what,
                  line, expected);
  return FALSE;
}
