#pragma once

#include <archive_entry.h>
#include <glib.h>

/*
 * POSIX ACLs between the kernel's form (the value of the attribute system.posix_acl_access or
 * …_default: linux/posix_acl_xattr.h) and libarchive's, which it writes as SCHILY.acl.* so that
 * GNU tar and bsdtar restore them too. Users and groups are numbers, as everywhere in our archives.
 */

#define BK_TREE_ACL_ACCESS "system.posix_acl_access"
#define BK_TREE_ACL_DEFAULT "system.posix_acl_default"

/* Entries one ACL may have; ext4 and XFS end far below. */
#define BK_TREE_ACL_ENTRIES_MAX 8192

gboolean bk_tree_acl_to_entry (struct archive_entry *entry,
                               const char *attribute,
                               const void *value,
                               gsize length_bytes);
GBytes *bk_tree_acl_from_entry (struct archive_entry *entry, const char *attribute);
