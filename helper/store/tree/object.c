#include "store/tree/object.h"

#include "base/fd.h"
#include "store/tree/acl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/xattr.h>

/* A file with more holes than this is archived without them: the map would be larger than a tar
 * header may be. */
#define EXTENTS_MAX 16384

/**
 * bk_tree_object_init:
 *
 * To be called once; bk_tree_object_clear() leaves it ready for another one.
 */
void
bk_tree_object_init (BkTreeObject *object)
{
  *object =
      (BkTreeObject){ .fd = -1, .extents = g_array_new (FALSE, FALSE, sizeof (BkTreeExtent)) };
}

/**
 * bk_tree_object_clear:
 *
 * Gives back all that @object holds; bk_tree_object_init() must come before its next use.
 */
void
bk_tree_object_clear (BkTreeObject *object)
{
  bk_fd_clear (&object->fd);
  g_clear_pointer (&object->symlink_target, g_free);
  g_clear_pointer (&object->extents, g_array_unref);
}

static int
open_file (int dirfd, const char *name, int flags)
{
  /* Not to block on a pipe, and not to become a terminal's session, should the name have been
   * swapped since the scan. */
  flags |= O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

  int fd = openat (dirfd, name, flags | O_NOATIME);
  if (fd < 0 && errno == EPERM) /* O_NOATIME is for the owner and for root */
    fd = openat (dirfd, name, flags);
  return fd;
}

static int
read_symlink (BkTreeObject *object, int dirfd, const char *name)
{
  char target[PATH_MAX];
  ssize_t length = readlinkat (dirfd, name, target, sizeof target);

  if (length < 0)
    return errno;
  object->symlink_target = g_strndup (target, (gsize) length);
  return 0;
}

/**
 * bk_tree_object_open:
 * @object: just initialised, or reused after a call here
 * @mode: the type expected, as the scan saw it
 *
 * Opens a file or directory, reads a link, and takes the state of it.
 *
 * Returns: 0, or an errno; ENOENT also when something of another type stands there now.
 */
int
bk_tree_object_open (BkTreeObject *object, int dirfd, const char *name, mode_t mode)
{
  gboolean opens = S_ISREG (mode) || S_ISDIR (mode);

  bk_fd_clear (&object->fd);
  g_clear_pointer (&object->symlink_target, g_free);
  g_array_set_size (object->extents, 0);
  object->is_sparse = FALSE;

  if (opens)
    object->fd = open_file (dirfd, name, S_ISDIR (mode) ? O_DIRECTORY : 0);
  if (opens && object->fd < 0 && (errno == ELOOP || errno == ENOTDIR || errno == ENXIO))
    return ENOENT;
  /* A directory that cannot be listed still has an owner and a mode. */
  if (S_ISREG (mode) && object->fd < 0)
    return errno;

  if (object->fd >= 0 ? fstat (object->fd, &object->st) < 0
                      : fstatat (dirfd, name, &object->st, AT_SYMLINK_NOFOLLOW) < 0)
    return errno;
  if ((object->st.st_mode & S_IFMT) != (mode & S_IFMT))
    return ENOENT;
  return S_ISLNK (mode) ? read_symlink (object, dirfd, name) : 0;
}

static void
add_extent (BkTreeObject *object, off_t offset_bytes, off_t length_bytes)
{
  BkTreeExtent extent = { (guint64) offset_bytes, (guint64) length_bytes };

  g_array_append_val (object->extents, extent);
}

/**
 * bk_tree_object_find_extents:
 * @object: an open regular file
 *
 * Fills in where the file has data. Only a file that takes less space than its size is asked for
 * its holes.
 *
 * Returns: 0, or an errno.
 */
int
bk_tree_object_find_extents (BkTreeObject *object)
{
  off_t size_bytes = object->st.st_size, at = 0;

  object->is_sparse = (off_t) object->st.st_blocks * 512 < size_bytes;
  while (object->is_sparse && at < size_bytes)
    {
      off_t data = lseek (object->fd, at, SEEK_DATA);

      if (data < 0 && errno == ENXIO) /* a hole up to the end */
        break;
      off_t hole = data < 0 ? -1 : lseek (object->fd, data, SEEK_HOLE);
      if (hole < 0 && errno != EINVAL)
        return errno;
      if (hole < 0 || object->extents->len == EXTENTS_MAX)
        {
          object->is_sparse = FALSE; /* the file system knows of no holes, or there are too many */
          break;
        }
      data = MIN (data, size_bytes);
      at = MIN (hole, size_bytes);
      if (at > data)
        add_extent (object, data, at - data);
    }

  const BkTreeExtent *first = &g_array_index (object->extents, BkTreeExtent, 0);
  if (object->is_sparse && object->extents->len == 1 && first->offset_bytes == 0 &&
      first->length_bytes == (guint64) size_bytes)
    object->is_sparse = FALSE;
  if (!object->is_sparse)
    {
      g_array_set_size (object->extents, 0);
      if (size_bytes > 0)
        add_extent (object, 0, size_bytes);
    }
  return 0;
}

/* Attributes of what is not open are reached through the directory's handle: the l-calls take no
 * directory, and procfs' link leads to just that directory. */
typedef struct
{
  int fd;
  char *path;
} Attributes;

static ssize_t
list_attributes (const Attributes *attributes, char *names, gsize size_bytes)
{
  return attributes->fd >= 0 ? flistxattr (attributes->fd, names, size_bytes)
                             : llistxattr (attributes->path, names, size_bytes);
}

static ssize_t
get_attribute (const Attributes *attributes, const char *name, void *value, gsize size_bytes)
{
  return attributes->fd >= 0 ? fgetxattr (attributes->fd, name, value, size_bytes)
                             : lgetxattr (attributes->path, name, value, size_bytes);
}

static int
describe_attribute (const Attributes *attributes, const char *name, struct archive_entry *entry)
{
  gboolean is_acl =
      g_str_equal (name, BK_TREE_ACL_ACCESS) || g_str_equal (name, BK_TREE_ACL_DEFAULT);
  g_autofree char *value = NULL;
  ssize_t length_bytes;

  /* What else is below system. is the file system's own view of something; it cannot be set. */
  if (!is_acl && g_str_has_prefix (name, "system."))
    return 0;

  length_bytes = get_attribute (attributes, name, NULL, 0);
  if (length_bytes > 0)
    {
      value = g_malloc ((gsize) length_bytes);
      length_bytes = get_attribute (attributes, name, value, (gsize) length_bytes);
    }
  if (length_bytes < 0)
    return errno == ENODATA || errno == ERANGE ? 0 : errno; /* changed meanwhile: ctime shows it */

  if (!is_acl)
    archive_entry_xattr_add_entry (entry, name, value == NULL ? "" : value, (gsize) length_bytes);
  else if (!bk_tree_acl_to_entry (entry, name, value, (gsize) length_bytes))
    return EINVAL;
  return 0;
}

static int
describe_attributes (const BkTreeObject *object,
                     int dirfd,
                     const char *name,
                     struct archive_entry *entry)
{
  char small[1024];
  g_autofree char *large = NULL, *path = NULL;
  char *names = small;

  if (object->fd < 0)
    path = g_strdup_printf ("/proc/self/fd/%d/%s", dirfd, name);

  Attributes attributes = { object->fd, path };
  ssize_t length_bytes = list_attributes (&attributes, names, sizeof small);
  if (length_bytes < 0 && errno == ERANGE)
    {
      names = large = g_malloc (XATTR_LIST_MAX);
      length_bytes = list_attributes (&attributes, names, XATTR_LIST_MAX);
    }
  if (length_bytes < 0)
    return errno == ENOTSUP ? 0 : errno;

  for (const char *one = names; one < names + length_bytes; one += strlen (one) + 1)
    {
      int errnum = describe_attribute (&attributes, one, entry);

      if (errnum != 0)
        return errnum;
    }
  return 0;
}

static void
describe_extents (const BkTreeObject *object, struct archive_entry *entry)
{
  for (guint i = 0; i < object->extents->len; i++)
    {
      const BkTreeExtent *extent = &g_array_index (object->extents, BkTreeExtent, i);

      archive_entry_sparse_add_entry (entry, (la_int64_t) extent->offset_bytes,
                                      (la_int64_t) extent->length_bytes);
    }
  if (object->extents->len == 0) /* nothing but a hole is said by an empty extent at its end */
    archive_entry_sparse_add_entry (entry, object->st.st_size, 0);
}

/**
 * bk_tree_object_describe:
 * @object: open, and for a regular file bk_tree_object_find_extents() called
 * @path: its name in the archive
 * @entry: cleared
 *
 * Owners are numbers only: they are restored as they were, on whatever machine.
 *
 * Returns: 0, or an errno.
 */
int
bk_tree_object_describe (const BkTreeObject *object,
                         int dirfd,
                         const char *name,
                         const char *path,
                         struct archive_entry *entry)
{
  const struct stat *st = &object->st;

  archive_entry_copy_pathname (entry, path);
  archive_entry_set_mode (entry, st->st_mode);
  archive_entry_set_uid (entry, st->st_uid);
  archive_entry_set_gid (entry, st->st_gid);
  archive_entry_set_mtime (entry, st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
  archive_entry_set_size (entry, S_ISREG (st->st_mode) ? st->st_size : 0);
  if (S_ISLNK (st->st_mode))
    archive_entry_copy_symlink (entry, object->symlink_target);
  if (S_ISCHR (st->st_mode) || S_ISBLK (st->st_mode))
    archive_entry_set_rdev (entry, st->st_rdev);
  if (object->is_sparse)
    describe_extents (object, entry);
  return describe_attributes (object, dirfd, name, entry);
}

/**
 * bk_tree_object_has_changed:
 *
 * Returns: whether the open file is no longer what it was when it was opened, as far as its size
 *   and times show.
 */
gboolean
bk_tree_object_has_changed (const BkTreeObject *object)
{
  struct stat now;

  if (fstat (object->fd, &now) < 0)
    return TRUE;
  return now.st_size != object->st.st_size || now.st_mtim.tv_sec != object->st.st_mtim.tv_sec ||
         now.st_mtim.tv_nsec != object->st.st_mtim.tv_nsec ||
         now.st_ctim.tv_sec != object->st.st_ctim.tv_sec ||
         now.st_ctim.tv_nsec != object->st.st_ctim.tv_nsec;
}

/**
 * bk_tree_object_read_extent:
 * @data: (out): @length_bytes from @offset_bytes on; what the file no longer has is zeros
 * @is_short: (out): set when the file ended before; else left alone
 *
 * Any thread may call it.
 *
 * Returns: 0 or an errno.
 */
int
bk_tree_object_read_extent (const BkTreeObject *object,
                            guint64 offset_bytes,
                            guint8 *data,
                            gsize length_bytes,
                            gboolean *is_short)
{
  while (length_bytes > 0)
    {
      ssize_t n = pread (object->fd, data, length_bytes, (off_t) offset_bytes);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        {
          memset (data, 0, length_bytes);
          *is_short = n == 0;
          return n < 0 ? errno : 0;
        }
      data += n;
      offset_bytes += (guint64) n;
      length_bytes -= (gsize) n;
    }
  return 0;
}
