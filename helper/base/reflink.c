#include "base/reflink.h"

#include "base/error.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

/**
 * bk_reflink_works:
 * @dirfd: where a clone would lie
 * @source: a file
 *
 * Tries it on a file without a name, so nothing is left, whatever happens.
 *
 * Returns: whether @source can be cloned into this directory: a second file that shares its blocks
 *   until one of the two is written to (FICLONE of ioctl_ficlone(2): XFS, btrfs, bcachefs).
 */
gboolean
bk_reflink_works (int dirfd, int source)
{
  autofd int fd = openat (dirfd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);

  return fd >= 0 && ioctl (fd, FICLONE, source) == 0;
}

/**
 * bk_reflink_at:
 * @name: of the clone, which must not be there yet
 */
gboolean
bk_reflink_at (int source, int dirfd, const char *name, GError **error)
{
  autofd int fd = openat (dirfd, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);

  if (fd < 0)
    return bk_error_set_errno (error, errno, "“%s” cannot be made", name);
  return ioctl (fd, FICLONE, source) == 0 ||
         bk_error_set_errno (error, errno, "“%s” cannot be cloned from the base", name);
}
