#include "store/tree/acl.h"

#include <archive.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <string.h>
#include <sys/stat.h>

static const struct
{
  guint16 kernel;
  int archive;
} tags[] = {
  { ACL_USER_OBJ, ARCHIVE_ENTRY_ACL_USER_OBJ },   { ACL_USER, ARCHIVE_ENTRY_ACL_USER },
  { ACL_GROUP_OBJ, ARCHIVE_ENTRY_ACL_GROUP_OBJ }, { ACL_GROUP, ARCHIVE_ENTRY_ACL_GROUP },
  { ACL_MASK, ARCHIVE_ENTRY_ACL_MASK },           { ACL_OTHER, ARCHIVE_ENTRY_ACL_OTHER },
};

static int
type_of (const char *attribute)
{
  return strcmp (attribute, BK_TREE_ACL_DEFAULT) == 0 ? ARCHIVE_ENTRY_ACL_TYPE_DEFAULT
                                                      : ARCHIVE_ENTRY_ACL_TYPE_ACCESS;
}

static gboolean
tag_to_archive (guint16 kernel, int *archive)
{
  for (guint i = 0; i < G_N_ELEMENTS (tags); i++)
    {
      if (tags[i].kernel == kernel)
        {
          *archive = tags[i].archive;
          return TRUE;
        }
    }
  return FALSE;
}

static gboolean
tag_to_kernel (int archive, guint16 *kernel)
{
  for (guint i = 0; i < G_N_ELEMENTS (tags); i++)
    {
      if (tags[i].archive == archive)
        {
          *kernel = tags[i].kernel;
          return TRUE;
        }
    }
  return FALSE;
}

/**
 * bk_tree_acl_to_entry:
 * @attribute: %BK_TREE_ACL_ACCESS or %BK_TREE_ACL_DEFAULT
 * @value: as the kernel gave it
 *
 * Call it after the mode is set: the owning group's permissions, which the mode's group bits are
 * not where the ACL has a mask, are kept by libarchive in @entry's mode. Who restores sets the mode
 * first and the ACL after it, which gives both as they were.
 *
 * Returns: %FALSE when @value is no ACL of version 2.
 */
gboolean
bk_tree_acl_to_entry (struct archive_entry *entry,
                      const char *attribute,
                      const void *value,
                      gsize length_bytes)
{
  struct posix_acl_xattr_header header;

  if (length_bytes < sizeof header)
    return FALSE;
  memcpy (&header, value, sizeof header);
  if (GUINT32_FROM_LE (header.a_version) != POSIX_ACL_XATTR_VERSION ||
      (length_bytes - sizeof header) % sizeof (struct posix_acl_xattr_entry) != 0)
    return FALSE;

  for (gsize at = sizeof header; at < length_bytes; at += sizeof (struct posix_acl_xattr_entry))
    {
      struct posix_acl_xattr_entry one;
      int tag;

      memcpy (&one, (const guint8 *) value + at, sizeof one);
      if (!tag_to_archive (GUINT16_FROM_LE (one.e_tag), &tag) ||
          archive_entry_acl_add_entry (entry, type_of (attribute), GUINT16_FROM_LE (one.e_perm),
                                       tag, (int) GUINT32_FROM_LE (one.e_id), NULL) != ARCHIVE_OK)
        return FALSE;
    }
  return TRUE;
}

static int
compare_entries (gconstpointer a, gconstpointer b)
{
  const struct posix_acl_xattr_entry *one = a, *other = b;
  guint16 tag = GUINT16_FROM_LE (one->e_tag), other_tag = GUINT16_FROM_LE (other->e_tag);
  guint32 id = GUINT32_FROM_LE (one->e_id), other_id = GUINT32_FROM_LE (other->e_id);

  if (tag != other_tag)
    return tag < other_tag ? -1 : 1;
  return id < other_id ? -1 : id > other_id;
}

/**
 * bk_tree_acl_from_entry:
 *
 * Returns: (transfer full) (nullable): the value for @attribute, sorted as the kernel demands;
 *   %NULL when @entry has no such ACL beyond its mode, or one that is not to be believed.
 */
GBytes *
bk_tree_acl_from_entry (struct archive_entry *entry, const char *attribute)
{
  struct posix_acl_xattr_header header = { .a_version = GUINT32_TO_LE (POSIX_ACL_XATTR_VERSION) };
  int type = type_of (attribute), count = archive_entry_acl_reset (entry, type);
  g_autoptr (GArray) entries = NULL;
  int permset, tag, qualifier;
  const char *name;

  if (count <= 0 || count > BK_TREE_ACL_ENTRIES_MAX)
    return NULL;

  entries = g_array_new (FALSE, FALSE, sizeof (struct posix_acl_xattr_entry));
  while (archive_entry_acl_next (entry, type, &type, &permset, &tag, &qualifier, &name) ==
         ARCHIVE_OK)
    {
      guint16 kernel_tag;

      if (!tag_to_kernel (tag, &kernel_tag) || entries->len > BK_TREE_ACL_ENTRIES_MAX)
        return NULL;

      gboolean named = kernel_tag == ACL_USER || kernel_tag == ACL_GROUP;
      struct posix_acl_xattr_entry one = {
        .e_tag = GUINT16_TO_LE (kernel_tag),
        .e_perm = GUINT16_TO_LE ((guint16) (permset & 7)),
        .e_id = GUINT32_TO_LE (named ? (guint32) qualifier : (guint32) ACL_UNDEFINED_ID),
      };
      g_array_append_val (entries, one);
    }
  g_array_sort (entries, compare_entries);

  GByteArray *value = g_byte_array_new ();
  g_byte_array_append (value, (const guint8 *) &header, sizeof header);
  g_byte_array_append (value, (const guint8 *) entries->data,
                       entries->len * (guint) sizeof (struct posix_acl_xattr_entry));
  return g_byte_array_free_to_bytes (value);
}
