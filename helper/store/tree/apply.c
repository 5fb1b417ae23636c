#include "store/tree/apply.h"

#include "base/error.h"
#include "base/gettext.h"
#include "store/tree/acl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

static void
xattr_free (gpointer data)
{
  BkTreeXattr *xattr = data;

  g_free (xattr->name);
  g_bytes_unref (xattr->value);
  g_free (xattr);
}

/**
 * bk_tree_attributes_new:
 * @path: where it goes
 *
 * Returns: (transfer full): a copy of what @member says.
 */
BkTreeAttributes *
bk_tree_attributes_new (const BkTreeArchiveMember *member, const char *path)
{
  BkTreeAttributes *self = g_new0 (BkTreeAttributes, 1);

  self->path = g_strdup (path);
  self->mode = member->mode;
  self->uid = member->uid;
  self->gid = member->gid;
  self->mtime_nsecs = member->mtime_nsecs;
  self->acl_access = member->acl_access == NULL ? NULL : g_bytes_ref (member->acl_access);
  self->acl_default = member->acl_default == NULL ? NULL : g_bytes_ref (member->acl_default);
  if (member->xattrs->len > 0)
    self->xattrs = g_ptr_array_new_with_free_func (xattr_free);
  for (guint i = 0; i < member->xattrs->len; i++)
    {
      const BkTreeXattr *xattr = g_ptr_array_index (member->xattrs, i);
      BkTreeXattr *copy = g_new0 (BkTreeXattr, 1);

      copy->name = g_strdup (xattr->name);
      copy->value = g_bytes_ref (xattr->value);
      g_ptr_array_add (self->xattrs, copy);
    }
  return self;
}

void
bk_tree_attributes_free (BkTreeAttributes *attributes)
{
  g_clear_pointer (&attributes->xattrs, g_ptr_array_unref);
  g_clear_pointer (&attributes->acl_access, g_bytes_unref);
  g_clear_pointer (&attributes->acl_default, g_bytes_unref);
  g_free (attributes->path);
  g_free (attributes);
}

/* Either an open file, or a name in a directory of ours that is not followed. */
typedef struct
{
  int fd;
  int dirfd;
  const char *name;
  const BkTreeAttributes *attributes;
  BkTreeTargetWarningFunc func;
  gpointer user_data;
} Thing;

static void
warn (const Thing *thing, int errnum, const char *what)
{
  g_autofree char *line = bk_error_one_line (thing->attributes->path);
  g_autofree char *message =
      g_strdup_printf (_ ("“%s”: %s cannot be restored: %s"), line, what, bk_error_reason (errnum));

  thing->func (thing->attributes->path, message, thing->user_data);
}

static void
apply_owner (const Thing *thing)
{
  const BkTreeAttributes *attributes = thing->attributes;
  int status = thing->fd >= 0 ? fchown (thing->fd, attributes->uid, attributes->gid)
                              : fchownat (thing->dirfd, thing->name, attributes->uid,
                                          attributes->gid, AT_SYMLINK_NOFOLLOW);

  if (status < 0)
    warn (thing, errno, _ ("the owner"));
}

static void
apply_mode (const Thing *thing)
{
  mode_t mode = thing->attributes->mode & 07777;

  if (S_ISLNK (thing->attributes->mode)) /* has none of its own */
    return;
  if (thing->fd >= 0 ? fchmod (thing->fd, mode) < 0
                     : fchmodat (thing->dirfd, thing->name, mode, 0) < 0)
    warn (thing, errno, _ ("the mode"));
}

static void
apply_attribute (const Thing *thing, const char *name, GBytes *value)
{
  gsize length_bytes;
  const void *data = g_bytes_get_data (value, &length_bytes);
  int status;

  if (thing->fd >= 0)
    status = fsetxattr (thing->fd, name, data, length_bytes, 0);
  else
    {
      g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d/%s", thing->dirfd, thing->name);

      status = lsetxattr (path, name, data, length_bytes, 0);
    }
  if (status < 0)
    {
      int errnum = errno;
      g_autofree char *line = bk_error_one_line (name);
      g_autofree char *what = g_strdup_printf (_ ("the attribute “%s”"), line);

      warn (thing, errnum, what);
    }
}

static void
apply_time (const Thing *thing)
{
  gint64 nsecs = thing->attributes->mtime_nsecs % 1000000000;
  gint64 secs = thing->attributes->mtime_nsecs / 1000000000;

  if (nsecs < 0) /* before 1970 */
    {
      nsecs += 1000000000;
      secs--;
    }

  struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
                               { .tv_sec = (time_t) secs, .tv_nsec = (long) nsecs } };
  int status = thing->fd >= 0 ? futimens (thing->fd, times)
                              : utimensat (thing->dirfd, thing->name, times, AT_SYMLINK_NOFOLLOW);
  if (status < 0)
    warn (thing, errno, _ ("the time"));
}

/**
 * bk_tree_attributes_apply:
 * @fd: the open thing, or -1
 * @dirfd: where it is, if @fd is -1; nobody else writes there
 * @name: its name there; it is not followed
 *
 * The owner first, because changing it takes away set-user-id and capabilities; then the mode, then
 * ACLs, whose mask the mode would change; the time last.
 */
void
bk_tree_attributes_apply (const BkTreeAttributes *attributes,
                          int fd,
                          int dirfd,
                          const char *name,
                          BkTreeTargetWarningFunc func,
                          gpointer user_data)
{
  Thing thing = { fd, dirfd, name, attributes, func, user_data };

  apply_owner (&thing);
  apply_mode (&thing);
  if (attributes->acl_access != NULL)
    apply_attribute (&thing, BK_TREE_ACL_ACCESS, attributes->acl_access);
  if (attributes->acl_default != NULL)
    apply_attribute (&thing, BK_TREE_ACL_DEFAULT, attributes->acl_default);
  for (guint i = 0; attributes->xattrs != NULL && i < attributes->xattrs->len; i++)
    {
      const BkTreeXattr *xattr = g_ptr_array_index (attributes->xattrs, i);

      apply_attribute (&thing, xattr->name, xattr->value);
    }
  apply_time (&thing);
}

static gboolean
is_wanted (const BkTreeAttributes *attributes, const char *name)
{
  if (g_str_equal (name, BK_TREE_ACL_ACCESS))
    return attributes->acl_access != NULL;
  if (g_str_equal (name, BK_TREE_ACL_DEFAULT))
    return attributes->acl_default != NULL;
  if (!g_str_has_prefix (name, "user."))
    return TRUE; /* a label or the like, which the system itself gave it */
  for (guint i = 0; attributes->xattrs != NULL && i < attributes->xattrs->len; i++)
    {
      const BkTreeXattr *xattr = g_ptr_array_index (attributes->xattrs, i);

      if (g_str_equal (name, xattr->name))
        return TRUE;
    }
  return FALSE;
}

/**
 * bk_tree_attributes_clear_others:
 * @fd: a directory that may have been there before
 *
 * Takes the ACLs and user attributes away that @attributes does not have.
 */
void
bk_tree_attributes_clear_others (const BkTreeAttributes *attributes, int fd)
{
  char small[512];
  g_autofree char *large = NULL;
  char *names = small;
  ssize_t length_bytes = flistxattr (fd, small, sizeof small);

  if (length_bytes < 0 && errno == ERANGE)
    {
      names = large = g_malloc (XATTR_LIST_MAX);
      length_bytes = flistxattr (fd, names, XATTR_LIST_MAX);
    }
  for (const char *name = names; length_bytes > 0 && name < names + length_bytes;
       name += strlen (name) + 1)
    {
      if (!is_wanted (attributes, name))
        fremovexattr (fd, name);
    }
}

/**
 * bk_tree_clear_default_acl:
 *
 * What is made in @fd then has the modes it is made with, whatever @fd inherited.
 */
void
bk_tree_clear_default_acl (int fd)
{
  fremovexattr (fd, BK_TREE_ACL_DEFAULT);
}
