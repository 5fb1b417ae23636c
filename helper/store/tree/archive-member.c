#include "store/tree/archive-member.h"

#include "base/gettext.h"
#include "base/timestamp.h"
#include "model/tree-path.h"
#include "store/tree/acl.h"

#include <archive.h>
#include <string.h>
#include <sys/stat.h>

static void
xattr_free (gpointer data)
{
  BkTreeXattr *xattr = data;

  g_free (xattr->name);
  g_bytes_unref (xattr->value);
  g_free (xattr);
}

/**
 * bk_tree_member_init:
 *
 * To be called once, and bk_tree_member_clear() at the end.
 */
void
bk_tree_member_init (BkTreeArchiveMember *member)
{
  member->xattrs = g_ptr_array_new_with_free_func (xattr_free);
}

void
bk_tree_member_clear (BkTreeArchiveMember *member)
{
  g_clear_pointer (&member->acl_access, g_bytes_unref);
  g_clear_pointer (&member->acl_default, g_bytes_unref);
  g_clear_pointer (&member->xattrs, g_ptr_array_unref);
}

/**
 * bk_tree_member_dup_path:
 * @why: (out) (transfer none): what is wrong with it, for people, with %NULL
 *
 * Returns: (transfer full) (nullable): the member's name; it leads to nothing outside of where it is
 *   unpacked.
 */
char *
bk_tree_member_dup_path (struct archive_entry *entry, const char **why)
{
  const char *name = archive_entry_pathname (entry);

  if (name == NULL) /* of another program, in a character set this locale does not have */
    name = archive_entry_pathname_utf8 (entry);
  if (name == NULL)
    {
      *why = _ ("the member after it has no name");
      return NULL;
    }

  g_autofree char *path = g_strdup (name);
  if (S_ISDIR (archive_entry_mode (entry)) && g_str_has_suffix (path, "/"))
    path[strlen (path) - 1] = '\0';
  if (bk_tree_path_is_valid (path))
    return g_steal_pointer (&path);
  *why = _ ("the name leads out of where it is unpacked");
  return NULL;
}

static void
take_attributes (BkTreeArchiveMember *member, struct archive_entry *entry)
{
  const char *name;
  const void *value;
  size_t length_bytes;

  g_ptr_array_set_size (member->xattrs, 0);
  g_clear_pointer (&member->acl_access, g_bytes_unref);
  g_clear_pointer (&member->acl_default, g_bytes_unref);
  member->acl_access = bk_tree_acl_from_entry (entry, BK_TREE_ACL_ACCESS);
  member->acl_default = bk_tree_acl_from_entry (entry, BK_TREE_ACL_DEFAULT);

  archive_entry_xattr_reset (entry);
  while (archive_entry_xattr_next (entry, &name, &value, &length_bytes) == ARCHIVE_OK)
    {
      BkTreeXattr *xattr = g_new0 (BkTreeXattr, 1);

      xattr->name = g_strdup (name);
      xattr->value = g_bytes_new (value, length_bytes);
      g_ptr_array_add (member->xattrs, xattr);
    }
}

/**
 * bk_tree_member_fill:
 * @member: (inout): its texts are @entry's, and valid as long
 * @path: of bk_tree_member_dup_path(), kept by the caller
 *
 * Returns: (transfer none) (nullable): what is wrong with the header, for people; %NULL if nothing is.
 */
const char *
bk_tree_member_fill (BkTreeArchiveMember *member, struct archive_entry *entry, const char *path)
{
  member->path = path;
  member->hardlink_target = archive_entry_hardlink (entry);
  member->symlink_target = archive_entry_symlink (entry);
  member->mode = archive_entry_mode (entry);
  member->uid = (uid_t) archive_entry_uid (entry);
  member->gid = (gid_t) archive_entry_gid (entry);
  member->rdev = archive_entry_rdev (entry);
  member->size_bytes = (guint64) MAX (archive_entry_size (entry), 0);
  member->mtime_nsecs =
      bk_time_nsecs (archive_entry_mtime (entry), (guint32) archive_entry_mtime_nsec (entry));
  if (member->hardlink_target != NULL && !bk_tree_path_is_valid (member->hardlink_target))
    return _ ("it is a hard link to what is not in the archive");
  if (S_ISLNK (member->mode) && member->hardlink_target == NULL && member->symlink_target == NULL)
    return _ ("it is a symbolic link to nothing");
  take_attributes (member, entry);
  return NULL;
}
