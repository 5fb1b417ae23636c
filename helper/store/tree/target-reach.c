/* Reaching below a directory without following a link, and removing there. Nothing here knows of a
 * restore. */
#include "store/tree/target-private.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RESOLVE_SAFELY (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

/* What one call to the kernel takes of a path; longer ones are walked in parts. */
#define STEP_MAX_BYTES 4000

/* How deep a directory to be removed may be nested: one handle is open for each level. */
#define REMOVE_DEPTH_MAX 500

/**
 * bk_tree_target_open_step:
 * @path: no longer than the kernel takes in one call
 *
 * Returns: a handle, or -1 with errno; ELOOP where a symbolic link is on the way.
 */
int
bk_tree_target_open_step (int dirfd, const char *path, int flags)
{
  struct open_how how = { .flags = (guint64) flags | O_CLOEXEC, .resolve = RESOLVE_SAFELY };
  int fd;

  do
    fd = (int) syscall (SYS_openat2, dirfd, path, &how, sizeof how);
  while (fd < 0 && (errno == EINTR || errno == EAGAIN));
  return fd;
}

/**
 * bk_tree_target_open_beneath:
 * @path: as bk_tree_path_is_valid() takes it, of any length; "" is @dirfd itself
 *
 * Returns: a handle, or -1 with errno; ELOOP where a symbolic link is on the way.
 */
int
bk_tree_target_open_beneath (int dirfd, const char *path, int flags)
{
  autofd int at = -1;

  while (strlen (path) > STEP_MAX_BYTES)
    {
      g_autofree char *step = g_strndup (path, STEP_MAX_BYTES);
      char *end = strrchr (step, '/');

      if (end == NULL)
        {
          errno = ENAMETOOLONG;
          return -1;
        }
      *end = '\0';
      int next =
          bk_tree_target_open_step (at >= 0 ? at : dirfd, step, O_PATH | O_DIRECTORY | O_NOFOLLOW);
      if (next < 0)
        return -1;
      bk_fd_clear (&at);
      at = next;
      path += end - step + 1;
    }
  return bk_tree_target_open_step (at >= 0 ? at : dirfd, *path == '\0' ? "." : path, flags);
}

static gboolean
remove_below (int dirfd, guint depth, guint64 *removed_count, GError **error)
{
  g_autoptr (GPtrArray) names = bk_list_directory (dirfd, error);

  if (names == NULL)
    return FALSE;
  if (depth == 0)
    {
      g_autofree char *path = bk_fd_dup_path (dirfd);

      bk_set_error (error, BK_ERROR_UNSUPPORTED,
                    "“%s” is nested too deep to be removed; remove it by hand", path);
      return FALSE;
    }
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);

      if (unlinkat (dirfd, name, 0) == 0)
        {
          ++*removed_count;
          continue;
        }
      if (errno == ENOENT)
        continue;

      autofd int child =
          bk_tree_target_open_step (dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      if (child < 0)
        return bk_error_set_errno (error, errno, "“%s” cannot be removed", name);
      if (!remove_below (child, depth - 1, removed_count, error))
        return FALSE;
      if (unlinkat (dirfd, name, AT_REMOVEDIR) < 0)
        return bk_error_set_errno (error, errno, "“%s” cannot be removed", name);
      ++*removed_count;
    }
  return TRUE;
}

/**
 * bk_tree_target_remove:
 * @name: one entry of @dirfd; a directory goes with all below it, a link as itself
 * @removed_count: (inout): how many names went
 */
gboolean
bk_tree_target_remove (int dirfd, const char *name, guint64 *removed_count, GError **error)
{
  if (unlinkat (dirfd, name, 0) < 0)
    {
      if (errno == ENOENT)
        return TRUE;

      autofd int child =
          bk_tree_target_open_step (dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      if (child < 0)
        return bk_error_set_errno (error, errno, "“%s” cannot be removed", name);
      if (!remove_below (child, REMOVE_DEPTH_MAX, removed_count, error))
        return FALSE;
      if (unlinkat (dirfd, name, AT_REMOVEDIR) < 0)
        return bk_error_set_errno (error, errno, "“%s” cannot be removed", name);
    }
  ++*removed_count;
  return TRUE;
}
