#include "base/path.h"

#include "base/error.h"
#include "base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* What openat2() refuses for us: leaving @dirfd's subtree, and symbolic links on the way. */
#define RESOLVE_SAFELY (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

/**
 * bk_name_is_safe:
 * @name: (nullable): one component, hostile until checked
 *
 * Returns: whether @name can be one directory entry of ours: valid UTF-8 without '/', control
 *   characters, a leading dot or a leading '-', 1 to %BK_NAME_MAX_BYTES bytes.
 */
gboolean
bk_name_is_safe (const char *name)
{
  if (name == NULL || *name == '\0' || *name == '.' || *name == '-')
    return FALSE;
  if (strlen (name) > BK_NAME_MAX_BYTES || !g_utf8_validate (name, -1, NULL))
    return FALSE;
  for (const char *p = name; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c == '/' || g_unichar_iscntrl (c))
        return FALSE;
    }
  return TRUE;
}

/**
 * bk_path_is_safe_relative:
 * @path: (nullable): hostile until checked
 *
 * Returns: whether @path is names as bk_name_is_safe() takes them, joined by single '/'.
 */
gboolean
bk_path_is_safe_relative (const char *path)
{
  if (path == NULL || *path == '\0')
    return FALSE;

  g_auto (GStrv) names = g_strsplit (path, "/", -1);
  for (char **name = names; *name != NULL; name++)
    {
      if (!bk_name_is_safe (*name))
        return FALSE;
    }
  return TRUE;
}

static int
open_beneath (int dirfd, const char *path, guint64 flags, guint64 mode)
{
  struct open_how how = { .flags = flags | O_CLOEXEC, .mode = mode, .resolve = RESOLVE_SAFELY };
  int fd;

  do
    fd = (int) syscall (SYS_openat2, dirfd, path, &how, sizeof how);
  while (fd < 0 && (errno == EINTR || errno == EAGAIN));
  return fd;
}

/**
 * bk_make_directories:
 * @path: an absolute path that an administrator chose
 * @mode: of the directory, if it is missing, whatever the umask is. Those above it that are missing are
 *   made so that others can pass them too: what one part of the program keeps to itself must not shut
 *   the way to what lies beside it, such as QEMU's to the repository.
 *
 * Returns: whether it is there now; if not, errno says why.
 */
gboolean
bk_make_directories (const char *path, guint mode)
{
  g_autofree char *above = g_path_get_dirname (path);

  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    return TRUE;
  if (strcmp (above, path) != 0 && !bk_make_directories (above, mode | BK_PASSABLE_MODE))
    return FALSE;
  if (mkdir (path, mode) == 0)
    return chmod (path, mode) == 0;
  /* Another process may have been faster. */
  return errno == EEXIST && g_file_test (path, G_FILE_TEST_IS_DIR);
}

/**
 * bk_open_directory:
 * @path: an absolute path that an administrator chose; links in it are followed
 *
 * Returns: a directory handle, or -1 on error.
 */
int
bk_open_directory (const char *path, GError **error)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0)
    bk_error_set_errno (error, errno, "The directory “%s” cannot be opened", path);
  return fd;
}

/**
 * bk_open_directory_at:
 * @relative_path: names below @dirfd; "." is @dirfd itself
 *
 * Returns: a directory handle, or -1 on error (%BK_ERROR_NOT_FOUND if it is not there).
 */
int
bk_open_directory_at (int dirfd, const char *relative_path, GError **error)
{
  int fd = open_beneath (dirfd, relative_path, O_RDONLY | O_DIRECTORY, 0);

  if (fd < 0)
    bk_error_set_errno (error, errno, "The directory “%s” cannot be opened", relative_path);
  return fd;
}

/**
 * bk_open_listed_directory:
 * @name: one that bk_list_directory() gave
 *
 * Returns: a handle; or -1, without an error for what is no directory, or is not there any more. Links
 *   are not followed.
 */
int
bk_open_listed_directory (int dirfd, const char *name, GError **error)
{
  g_autoptr (GError) local = NULL;
  struct stat st;
  int fd = bk_open_directory_at (dirfd, name, &local);

  if (fd >= 0 || g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND) ||
      (fstatat (dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR (st.st_mode)))
    return fd;
  g_propagate_error (error, g_steal_pointer (&local));
  return -1;
}

/**
 * bk_make_directory_at:
 * @relative_path: names below @dirfd; each one that is missing is made
 * @mode: of the directories made, whatever the umask is
 *
 * Returns: a handle of the last one, or -1 on error.
 */
int
bk_make_directory_at (int dirfd, const char *relative_path, guint mode, GError **error)
{
  g_auto (GStrv) names = g_strsplit (relative_path, "/", -1);
  autofd int parent = -1;

  for (char **name = names; *name != NULL; name++)
    {
      int at = parent >= 0 ? parent : dirfd;
      gboolean made = mkdirat (at, *name, mode) == 0;

      if (!made && errno != EEXIST)
        {
          bk_error_set_errno (error, errno, "The directory “%s” cannot be made", relative_path);
          return -1;
        }
      autofd int child = open_beneath (at, *name, O_RDONLY | O_DIRECTORY, 0);
      if (child < 0 || (made && fchmod (child, mode) < 0))
        {
          bk_error_set_errno (error, errno, "The directory “%s” cannot be made", relative_path);
          return -1;
        }
      if (made && !bk_sync_directory (at, relative_path, error))
        return -1;
      bk_fd_clear (&parent);
      parent = bk_fd_steal (&child);
    }
  return bk_fd_steal (&parent);
}

/**
 * bk_open_file_at:
 * @relative_path: names below @dirfd
 *
 * Errors: %BK_ERROR_NOT_FOUND; %BK_ERROR_INTEGRITY for what is no regular file: a link, which is not
 *   followed, or a device or pipe, on which it does not block.
 *
 * Returns: a handle for reading, or -1 on error.
 */
int
bk_open_file_at (int dirfd, const char *relative_path, GError **error)
{
  autofd int fd = open_beneath (dirfd, relative_path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
  struct stat st;

  gboolean is_link = fd < 0 && errno == ELOOP;
  if (!is_link && (fd < 0 || fstat (fd, &st) < 0))
    {
      bk_error_set_errno (error, errno, "The file “%s” cannot be opened", relative_path);
      return -1;
    }
  if (is_link || !S_ISREG (st.st_mode))
    {
      bk_set_error (error, BK_ERROR_INTEGRITY, "“%s” is not a regular file", relative_path);
      return -1;
    }
  return bk_fd_steal (&fd);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/**
 * bk_fd_dup_path:
 * @fd: open
 *
 * For messages.
 *
 * Returns: (transfer full): where it lies, in one line of UTF-8; “?” if the kernel does not say.
 */
char *
bk_fd_dup_path (int fd)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
  g_autofree char *path = g_file_read_link (link, NULL);

  return bk_error_one_line (path != NULL ? path : "?");
}

static GPtrArray *
fail_to_list (int dirfd, int errnum, GError **error)
{
  g_autofree char *path = bk_fd_dup_path (dirfd);

  bk_error_set_errno (error, errnum, "The directory “%s” cannot be read", path);
  return NULL;
}

/**
 * bk_list_directory:
 * @dirfd: stays open
 *
 * Returns: (transfer full) (element-type filename) (nullable): the names, sorted bytewise,
 *   without "." and ".."; %NULL on error.
 */
GPtrArray *
bk_list_directory (int dirfd, GError **error)
{
  autofd int fd = openat (dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd < 0 ? NULL : fdopendir (fd);

  if (dir == NULL)
    return fail_to_list (dirfd, errno, error);
  bk_fd_steal (&fd); /* closedir() closes it */

  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  struct dirent *entry;

  for (errno = 0; (entry = readdir (dir)) != NULL; errno = 0)
    {
      if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0)
        g_ptr_array_add (names, g_strdup (entry->d_name));
    }
  int errnum = errno;
  closedir (dir);
  if (errnum != 0)
    return fail_to_list (dirfd, errnum, error);
  g_ptr_array_sort (names, compare_names);
  return g_steal_pointer (&names);
}

static gboolean
remove_contents (int dirfd, const char *what, guint depth, GError **error)
{
  g_autoptr (GPtrArray) names = bk_list_directory (dirfd, error);

  if (names == NULL)
    return FALSE;
  if (depth == 0)
    {
      bk_set_error (error, BK_ERROR_FAILED,
                    "“%s” cannot be removed: it is nested deeper than anything this program makes",
                    what);
      return FALSE;
    }
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);

      if (unlinkat (dirfd, name, 0) == 0 || errno == ENOENT)
        continue;
      if (errno != EISDIR && errno != EPERM)
        return bk_error_set_errno (error, errno, "“%s” in “%s” cannot be removed", name, what);

      autofd int child = open_beneath (dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
      if (child < 0)
        return bk_error_set_errno (error, errno, "“%s” in “%s” cannot be removed", name, what);
      if (!remove_contents (child, what, depth - 1, error))
        return FALSE;
      if (unlinkat (dirfd, name, AT_REMOVEDIR) < 0)
        return bk_error_set_errno (error, errno, "“%s” in “%s” cannot be removed", name, what);
    }
  return TRUE;
}

/**
 * bk_remove_tree_at:
 * @dirfd: the directory that holds it
 * @name: one entry of it: a file, a link (which is not followed) or a directory with all below
 *
 * Removes through directory handles only, so that a name swapped for a link while it runs cannot
 * lead out of @dirfd. Something that is not there counts as removed.
 */
gboolean
bk_remove_tree_at (int dirfd, const char *name, GError **error)
{
  g_return_val_if_fail (strchr (name, '/') == NULL && strcmp (name, "..") != 0, FALSE);

  if (unlinkat (dirfd, name, 0) == 0 || errno == ENOENT)
    return TRUE;
  if (errno != EISDIR && errno != EPERM)
    return bk_error_set_errno (error, errno, "“%s” cannot be removed", name);

  autofd int child = open_beneath (dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
  if (child < 0)
    return bk_error_set_errno (error, errno, "“%s” cannot be removed", name);
  if (!remove_contents (child, name, 8, error))
    return FALSE;
  if (unlinkat (dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
    return bk_error_set_errno (error, errno, "“%s” cannot be removed", name);
  return TRUE;
}

/**
 * bk_sync_directory:
 * @what: the name for an error
 *
 * Makes the names in @dirfd durable: a rename is not on the disk before this.
 */
gboolean
bk_sync_directory (int dirfd, const char *what, GError **error)
{
  if (fsync (dirfd) == 0 || errno == EINVAL || errno == EROFS)
    return TRUE;
  return bk_error_set_errno (error, errno, "“%s” cannot be made durable", what);
}

/**
 * bk_sync_directory_of:
 * @path: absolute, of an entry that was made, renamed or removed
 *
 * As bk_sync_directory(), for the directory that @path is in.
 */
gboolean
bk_sync_directory_of (const char *path, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  autofd int fd = bk_open_directory (directory, error);

  return fd >= 0 && bk_sync_directory (fd, directory, error);
}
