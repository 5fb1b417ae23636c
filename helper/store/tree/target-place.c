/* The place of a thing in the target: its directory, what stands in its way, and the rename that puts
 * it there. */
#include "store/tree/target-private.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/**
 * bk_tree_target_fail_at:
 * @what: what cannot be done, such as "cannot be made"
 *
 * Returns: %FALSE, with an error that quotes @path.
 */
gboolean
bk_tree_target_fail_at (GError **error, int errnum, const char *path, const char *what)
{
  g_autofree char *line = bk_error_one_line (path);

  return bk_error_set_errno (error, errnum, "“%s” %s", line, what);
}

static gboolean
in_the_way (GError **error, const char *path)
{
  g_autofree char *line = bk_error_one_line (path);

  bk_set_error (error, BK_ERROR_FAILED,
                "“%s” is a directory that is not empty; it is replaced only with --overwrite "
                "--delete",
                line);
  return FALSE;
}

/* Makes room at a name where something of another kind stands. */
static gboolean
clear_place (BkTreeTarget *target, int parent, const char *name, const char *path, GError **error)
{
  guint64 removed_count = 0;

  if (unlinkat (parent, name, 0) == 0 || errno == ENOENT)
    return TRUE;
  if (unlinkat (parent, name, AT_REMOVEDIR) == 0)
    return TRUE;
  if ((target->flags & BK_TREE_TARGET_DELETE) == 0)
    return in_the_way (error, path);
  return bk_tree_target_remove (parent, name, &removed_count, error);
}

/**
 * bk_tree_target_make_directory:
 * @path: that of @name, for errors
 *
 * Makes it if it is missing, and in the place of what is not one if that may be replaced.
 *
 * Returns: a handle of the directory @name in @parent, or -1.
 */
int
bk_tree_target_make_directory (
    BkTreeTarget *target, int parent, const char *name, const char *path, GError **error)
{
  for (guint attempt = 0; attempt < 2; attempt++)
    {
      if (mkdirat (parent, name, 0700) < 0 && errno != EEXIST)
        break;

      int fd = bk_tree_target_open_step (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      if (fd >= 0)
        return fd;
      if ((errno != ENOTDIR && errno != ELOOP) || (target->flags & BK_TREE_TARGET_OVERWRITE) == 0)
        break;
      if (!clear_place (target, parent, name, path, error))
        return -1;
    }

  bk_tree_target_fail_at (error, errno, path, _ ("cannot be made as a directory"));
  return -1;
}

static int
make_parents (BkTreeTarget *target, const char *path, GError **error)
{
  g_auto (GStrv) names = g_strsplit (path, "/", -1);
  int at = fcntl (target->fd, F_DUPFD_CLOEXEC, 0);

  for (char **name = names; *name != NULL && at >= 0; name++)
    {
      int next = bk_tree_target_make_directory (target, at, *name, path, error);

      close (at);
      at = next;
    }
  return at;
}

/**
 * bk_tree_target_enter_parent:
 *
 * The directory that @path goes into is open in target->parent afterwards, and made if it was missing.
 */
gboolean
bk_tree_target_enter_parent (BkTreeTarget *target, const char *path, GError **error)
{
  const char *slash = strrchr (path, '/');
  g_autofree char *parent_path = g_strndup (path, slash == NULL ? 0 : (gsize) (slash - path));

  if (target->parent >= 0 && strcmp (target->parent_path, parent_path) == 0)
    return TRUE;
  bk_fd_clear (&target->parent);
  target->parent =
      bk_tree_target_open_beneath (target->fd, parent_path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (target->parent < 0)
    target->parent = make_parents (target, parent_path, error);
  if (target->parent < 0)
    return FALSE;
  g_free (target->parent_path);
  target->parent_path = g_steal_pointer (&parent_path);
  return TRUE;
}

/**
 * bk_tree_target_publish:
 * @path: its directory was entered
 *
 * Gives what was made in the staging directory its place.
 */
gboolean
bk_tree_target_publish (BkTreeTarget *target, const char *path, GError **error)
{
  const char *name = bk_tree_target_name_of (path);
  guint flags = (target->flags & BK_TREE_TARGET_OVERWRITE) != 0 ? 0 : RENAME_NOREPLACE;

  if (renameat2 (target->staging, "new", target->parent, name, flags) == 0)
    return TRUE;

  int errnum = errno;
  if ((errnum == EISDIR || errnum == ENOTEMPTY || errnum == EEXIST) && flags == 0)
    {
      if (!clear_place (target, target->parent, name, path, error))
        return FALSE;
      if (renameat (target->staging, "new", target->parent, name) == 0)
        return TRUE;
      errnum = errno;
    }
  return bk_tree_target_fail_at (error, errnum, path, _ ("cannot be put in its place"));
}
