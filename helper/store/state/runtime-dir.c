#include "store/state/runtime-dir.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"

#include <errno.h>
#include <sys/stat.h>

static gboolean
check_owner (int dirfd, guint others_mode, const char *path, GError **error)
{
  struct stat st;

  if (fstat (dirfd, &st) < 0)
    return bk_error_set_errno (error, errno, "“%s” cannot be looked at", path);
  if (st.st_uid == geteuid () && (st.st_mode & 0777 & ~others_mode) == 0)
    return TRUE;
  bk_set_error (
      error, BK_ERROR_DENIED,
      "The directory “%s” is not this user's alone. Remove it, or give it to its owner with "
      "mode %04o.",
      path, others_mode);
  return FALSE;
}

/**
 * bk_runtime_dir_open:
 * @runtime_dir: an absolute path; made if it is missing. Others may pass through it, because the
 *   service's socket lies there, and nobody else may write into it.
 *
 * Errors: %BK_ERROR_DENIED when others could put something in its place.
 *
 * Returns: (transfer full): its handle, or -1.
 */
int
bk_runtime_dir_open (const char *runtime_dir, GError **error)
{
  if (g_mkdir_with_parents (runtime_dir, 0755) < 0)
    {
      bk_error_set_errno (error, errno, "The directory “%s” cannot be made", runtime_dir);
      return -1;
    }

  autofd int dirfd = bk_open_directory (runtime_dir, error);
  if (dirfd < 0 || !check_owner (dirfd, 0755, runtime_dir, error))
    return -1;
  /* Whoever was the first may have had a stricter umask. */
  if (fchmod (dirfd, 0755) < 0)
    {
      bk_error_set_errno (error, errno, "“%s” cannot be opened for others to pass", runtime_dir);
      return -1;
    }
  return bk_fd_steal (&dirfd);
}

/**
 * bk_runtime_dir_open_private:
 * @name: a directory in @runtime_dir, which nobody else may enter; made if it is missing
 *
 * Errors: %BK_ERROR_DENIED when it belongs to someone else, or others may enter.
 *
 * Returns: (transfer full): its handle, or -1.
 */
int
bk_runtime_dir_open_private (const char *runtime_dir, const char *name, GError **error)
{
  autofd int parent = bk_runtime_dir_open (runtime_dir, error);
  autofd int dirfd = parent < 0 ? -1 : bk_make_directory_at (parent, name, 0700, error);
  g_autofree char *path = g_build_filename (runtime_dir, name, NULL);

  return dirfd < 0 || !check_owner (dirfd, 0700, path, error) ? -1 : bk_fd_steal (&dirfd);
}
