#include "store/tree-target.h"

#include "base/atomic-file.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "store/tree-apply.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define RESOLVE_SAFELY (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

/* What one call to the kernel takes of a path; longer ones are walked in parts. */
#define STEP_MAX_BYTES 4000

/* How deep a directory to be removed may be nested: one handle is open for each level. */
#define REMOVE_DEPTH_MAX 500

#define MARKER_MAX_BYTES 65536

struct _BkTreeTarget
{
  int fd;
  int staging;
  char *path;
  BkTreeTargetFlags flags;
  BkTreeTargetWarningFunc func;
  gpointer user_data;
  char *parent_path; /* whose handle is parent */
  int parent;
  GPtrArray *directories; /* of BkTreeAttributes: set when all is in them */
};

static gboolean
fail_at (GError **error, int errnum, const char *path, const char *what)
{
  g_autofree char *line = bk_error_one_line (path);

  return bk_error_set_errno (error, errnum, "“%s” %s", line, what);
}

/* ---- reaching into the target ---- */

static int
open_step (int dirfd, const char *path, int flags)
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
      int next = open_step (at >= 0 ? at : dirfd, step, O_PATH | O_DIRECTORY | O_NOFOLLOW);
      if (next < 0)
        return -1;
      bk_fd_clear (&at);
      at = next;
      path += end - step + 1;
    }
  return open_step (at >= 0 ? at : dirfd, *path == '\0' ? "." : path, flags);
}

static gboolean
remove_below (int dirfd, guint depth, guint64 *removed_count, GError **error)
{
  g_autoptr (GPtrArray) names = bk_list_directory (dirfd, error);

  if (names == NULL)
    return FALSE;
  if (depth == 0)
    {
      g_set_error_literal (error, BK_ERROR, BK_ERROR_UNSUPPORTED,
                           "A directory is nested too deep to be removed");
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

      autofd int child = open_step (dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
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

      autofd int child = open_step (dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
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

/* ---- beginning and end ---- */

static gboolean
is_ours (const char *name)
{
  return strcmp (name, BK_TREE_TARGET_STAGING) == 0 || strcmp (name, BK_TREE_TARGET_MARKER) == 0 ||
         g_str_has_prefix (name, BK_TEMPORARY_PREFIX BK_TREE_TARGET_MARKER);
}

static gboolean
holds_marker (BkTreeTarget *target, const char *restore_id)
{
  g_autoptr (GBytes) marker =
      bk_read_small_file (target->fd, BK_TREE_TARGET_MARKER, MARKER_MAX_BYTES, NULL);

  return marker != NULL && g_bytes_get_size (marker) == strlen (restore_id) &&
         memcmp (g_bytes_get_data (marker, NULL), restore_id, strlen (restore_id)) == 0;
}

/* Only an empty target, or what an interrupted run of the same restore left, or with the person's
 * word for it. */
static gboolean
check_target (BkTreeTarget *target, const char *restore_id, GError **error)
{
  g_autoptr (GPtrArray) names = bk_list_directory (target->fd, error);
  gboolean is_empty = TRUE;

  if (names == NULL)
    return FALSE;
  for (guint i = 0; i < names->len; i++)
    is_empty = is_empty && is_ours (g_ptr_array_index (names, i));
  if (is_empty || (target->flags & BK_TREE_TARGET_OVERWRITE) != 0)
    return TRUE;
  if (holds_marker (target, restore_id))
    {
      target->flags |= BK_TREE_TARGET_OVERWRITE;
      return TRUE;
    }
  g_set_error (error, BK_ERROR, BK_ERROR_USAGE,
               "The target “%s” is not empty: choose an empty one, or --overwrite to write into it",
               target->path);
  return FALSE;
}

static gboolean
make_staging (BkTreeTarget *target, const char *restore_id, GError **error)
{
  g_autoptr (GPtrArray) names = bk_list_directory (target->fd, error);
  guint64 removed_count = 0;

  /* The marker stays, or is replaced: there is no instant without one once anything is restored. */
  if (names == NULL || !bk_atomic_write (target->fd, BK_TREE_TARGET_MARKER, restore_id,
                                         strlen (restore_id), 0600, error))
    return FALSE;
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);

      if (is_ours (name) && strcmp (name, BK_TREE_TARGET_MARKER) != 0 &&
          !bk_tree_target_remove (target->fd, name, &removed_count, error))
        return FALSE;
    }
  target->staging = bk_make_directory_at (target->fd, BK_TREE_TARGET_STAGING, 0700, error);
  if (target->staging < 0)
    return FALSE;
  bk_tree_clear_default_acl (target->staging);
  return TRUE;
}

static int
open_target (const char *path, GError **error)
{
  if (!g_path_is_absolute (path))
    {
      g_set_error (error, BK_ERROR, BK_ERROR_USAGE, "The target “%s” must be an absolute path",
                   path);
      return -1;
    }
  if (g_mkdir_with_parents (path, 0700) < 0)
    {
      bk_error_set_errno (error, errno, "The target “%s” cannot be made", path);
      return -1;
    }
  return bk_open_directory (path, error);
}

/**
 * bk_tree_target_new:
 * @path: an absolute path that a person chose; made if it is missing
 * @restore_id: names what is restored; an interrupted restore of the same name may go on in a
 *   target that is not empty
 *
 * Errors: %BK_ERROR_USAGE for a target that is not empty without %BK_TREE_TARGET_OVERWRITE.
 *
 * Returns: (transfer full) (nullable): the target.
 */
BkTreeTarget *
bk_tree_target_new (const char *path,
                    const char *restore_id,
                    BkTreeTargetFlags flags,
                    BkTreeTargetWarningFunc func,
                    gpointer user_data,
                    GError **error)
{
  autofd int fd = open_target (path, error);

  if (fd < 0)
    return NULL;

  g_autoptr (BkTreeTarget) self = g_new0 (BkTreeTarget, 1);
  self->fd = bk_fd_steal (&fd);
  self->staging = self->parent = -1;
  self->path = g_strdup (path);
  self->flags = flags;
  self->func = func;
  self->user_data = user_data;
  self->directories = g_ptr_array_new_with_free_func ((GDestroyNotify) bk_tree_attributes_free);
  if (!check_target (self, restore_id, error) || !make_staging (self, restore_id, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
bk_tree_target_free (BkTreeTarget *target)
{
  bk_fd_clear (&target->parent);
  bk_fd_clear (&target->staging);
  bk_fd_clear (&target->fd);
  g_ptr_array_unref (target->directories);
  g_free (target->parent_path);
  g_free (target->path);
  g_free (target);
}

int
bk_tree_target_get_fd (BkTreeTarget *target)
{
  return target->fd;
}

/* ---- places ---- */

static gboolean
in_the_way (GError **error, const char *path)
{
  g_autofree char *line = bk_error_one_line (path);

  g_set_error (error, BK_ERROR, BK_ERROR_FAILED,
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

/* A handle of the directory @name in @parent; made if it is missing, and in the place of what is
 * not one if that may be replaced. */
static int
make_directory (
    BkTreeTarget *target, int parent, const char *name, const char *path, GError **error)
{
  for (guint attempt = 0; attempt < 2; attempt++)
    {
      if (mkdirat (parent, name, 0700) < 0 && errno != EEXIST)
        break;

      int fd = open_step (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      if (fd >= 0)
        return fd;
      if ((errno != ENOTDIR && errno != ELOOP) || (target->flags & BK_TREE_TARGET_OVERWRITE) == 0)
        break;
      if (!clear_place (target, parent, name, path, error))
        return -1;
    }

  fail_at (error, errno, path, "cannot be made as a directory");
  return -1;
}

static int
make_parents (BkTreeTarget *target, const char *path, GError **error)
{
  g_auto (GStrv) names = g_strsplit (path, "/", -1);
  int at = fcntl (target->fd, F_DUPFD_CLOEXEC, 0);

  for (char **name = names; *name != NULL && at >= 0; name++)
    {
      int next = make_directory (target, at, *name, path, error);

      close (at);
      at = next;
    }
  return at;
}

/* The directory that @path goes into is open in target->parent afterwards. */
static gboolean
enter_parent (BkTreeTarget *target, const char *path, GError **error)
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

static const char *
name_of (const char *path)
{
  const char *slash = strrchr (path, '/');

  return slash == NULL ? path : slash + 1;
}

/* Gives what was made in the staging directory its place. */
static gboolean
publish (BkTreeTarget *target, const char *path, GError **error)
{
  const char *name = name_of (path);
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
  return fail_at (error, errnum, path, "cannot be put in its place");
}

/* ---- things ---- */

static gboolean
write_block (int fd, const guint8 *data, gsize length_bytes, guint64 offset_bytes)
{
  while (length_bytes > 0)
    {
      ssize_t n = pwrite (fd, data, length_bytes, (off_t) offset_bytes);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return FALSE;
      data += n;
      offset_bytes += (guint64) n;
      length_bytes -= (gsize) n;
    }
  return TRUE;
}

/* Holes stay holes: what no block covers is not written. */
static gboolean
write_content (int fd,
               BkTreeArchiveReader *reader,
               guint64 size_bytes,
               const char *path,
               guint64 *written_bytes,
               GCancellable *cancellable,
               GError **error)
{
  guint64 offset_bytes, end_bytes = 0;
  gsize length_bytes;
  const void *data;

  while (TRUE)
    {
      if (!bk_tree_archive_reader_read_block (reader, &data, &length_bytes, &offset_bytes,
                                              cancellable, error))
        return FALSE;
      if (data == NULL)
        break;
      if (!write_block (fd, data, length_bytes, offset_bytes))
        return fail_at (error, errno, path, "cannot be written");
      end_bytes = MAX (end_bytes, offset_bytes + length_bytes);
      *written_bytes += length_bytes;
    }
  if (end_bytes < size_bytes && ftruncate (fd, (off_t) size_bytes) < 0)
    return fail_at (error, errno, path, "cannot be written");
  return TRUE;
}

static gboolean
make_file (BkTreeTarget *target,
           BkTreeArchiveReader *reader,
           const BkTreeAttributes *attributes,
           guint64 size_bytes,
           guint64 *written_bytes,
           GCancellable *cancellable,
           GError **error)
{
  autofd int fd =
      openat (target->staging, "new", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

  if (fd < 0)
    return fail_at (error, errno, attributes->path, "cannot be made");
  if (!write_content (fd, reader, size_bytes, attributes->path, written_bytes, cancellable, error))
    return FALSE;
  bk_tree_attributes_apply (attributes, fd, -1, NULL, target->func, target->user_data);
  return TRUE;
}

static gboolean
make_other (BkTreeTarget *target,
            const BkTreeArchiveMember *member,
            const BkTreeAttributes *attributes,
            GError **error)
{
  int status;

  if (S_ISLNK (member->mode))
    status = symlinkat (member->symlink_target, target->staging, "new");
  else if (S_ISFIFO (member->mode) || S_ISCHR (member->mode) || S_ISBLK (member->mode))
    status = mknodat (target->staging, "new", (member->mode & S_IFMT) | 0600, member->rdev);
  else
    {
      g_autofree char *line = bk_error_one_line (attributes->path);

      g_set_error (error, BK_ERROR, BK_ERROR_INTEGRITY, "“%s” is of no kind that can be restored",
                   line);
      return FALSE;
    }
  if (status < 0)
    return fail_at (error, errno, attributes->path, "cannot be made");
  bk_tree_attributes_apply (attributes, -1, target->staging, "new", target->func,
                            target->user_data);
  return TRUE;
}

static gboolean
place_directory (BkTreeTarget *target, BkTreeAttributes *attributes, GError **error)
{
  g_autoptr (BkTreeAttributes) owned = attributes;
  autofd int fd =
      make_directory (target, target->parent, name_of (owned->path), owned->path, error);

  if (fd < 0)
    return FALSE;
  g_ptr_array_add (target->directories, g_steal_pointer (&owned));
  return TRUE;
}

/**
 * bk_tree_target_extract:
 * @reader: stands at @member, its content not yet read
 * @member: no hard link
 * @path: where it goes, most often its own path; as bk_tree_path_is_valid() takes it
 * @written_bytes: (inout): grows by what was written
 *
 * Errors: of reading and writing. Owners, times and attributes that the file system or a lack of
 *   rights does not let through are warnings.
 */
gboolean
bk_tree_target_extract (BkTreeTarget *target,
                        BkTreeArchiveReader *reader,
                        const BkTreeArchiveMember *member,
                        const char *path,
                        guint64 *written_bytes,
                        GCancellable *cancellable,
                        GError **error)
{
  g_autoptr (BkTreeAttributes) attributes = bk_tree_attributes_new (member, path);

  if (!enter_parent (target, path, error))
    return FALSE;
  if (S_ISDIR (member->mode))
    return place_directory (target, g_steal_pointer (&attributes), error);

  gboolean ok = S_ISREG (member->mode) ? make_file (target, reader, attributes, member->size_bytes,
                                                    written_bytes, cancellable, error)
                                       : make_other (target, member, attributes, error);
  ok = ok && publish (target, path, error);
  if (!ok)
    unlinkat (target->staging, "new", 0);
  return ok;
}

/**
 * bk_tree_target_link:
 * @existing: a path in the target that was restored
 *
 * Makes @path another name of @existing.
 */
gboolean
bk_tree_target_link (BkTreeTarget *target, const char *existing, const char *path, GError **error)
{
  if (!enter_parent (target, existing, error))
    return FALSE;
  if (linkat (target->parent, name_of (existing), target->staging, "new", 0) < 0)
    return fail_at (error, errno, path, "cannot be made as a hard link");

  gboolean ok = enter_parent (target, path, error) && publish (target, path, error);
  /* Where the two were one file already, the rename leaves both names as they are. */
  unlinkat (target->staging, "new", 0);
  return ok;
}

static gboolean
finish_directory (BkTreeTarget *target, const BkTreeAttributes *attributes, GError **error)
{
  autofd int fd = bk_tree_target_open_beneath (target->fd, attributes->path,
                                               O_RDONLY | O_DIRECTORY | O_NOFOLLOW);

  if (fd < 0)
    return fail_at (error, errno, attributes->path, "cannot be finished");
  bk_tree_attributes_clear_others (attributes, fd);
  bk_tree_attributes_apply (attributes, fd, -1, NULL, target->func, target->user_data);
  return TRUE;
}

/**
 * bk_tree_target_finish:
 *
 * Gives the directories their owners, modes and times, now that nothing more is put into them, and
 * makes all of it durable. The deepest come first: a directory that its owner may not enter would
 * hide those in it.
 */
gboolean
bk_tree_target_finish (BkTreeTarget *target, GCancellable *cancellable, GError **error)
{
  guint64 removed_count = 0;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  bk_fd_clear (&target->parent);
  for (guint i = target->directories->len; i > 0; i--)
    {
      if (!finish_directory (target, g_ptr_array_index (target->directories, i - 1), error))
        return FALSE;
    }
  if (syncfs (target->fd) < 0)
    return bk_error_set_errno (error, errno, "What was restored to “%s” cannot be made durable",
                               target->path);
  bk_fd_clear (&target->staging);
  if (!bk_tree_target_remove (target->fd, BK_TREE_TARGET_STAGING, &removed_count, error) ||
      !bk_tree_target_remove (target->fd, BK_TREE_TARGET_MARKER, &removed_count, error))
    return FALSE;
  return bk_sync_directory (target->fd, target->path, error);
}
