#pragma once

#include "store/tree/target.h"

/* All that a thing in a tree is besides its content: given to it after it was made. */
typedef struct
{
  char *path; /* one line of UTF-8 only in messages */
  mode_t mode;
  uid_t uid;
  gid_t gid;
  gint64 mtime_nsecs;
  GBytes *acl_access;
  GBytes *acl_default;
  GPtrArray *xattrs; /* of BkTreeXattr; (nullable) */
} BkTreeAttributes;

BkTreeAttributes *bk_tree_attributes_new (const BkTreeArchiveMember *member, const char *path);
void bk_tree_attributes_free (BkTreeAttributes *attributes);
void bk_tree_attributes_apply (const BkTreeAttributes *attributes,
                               int fd,
                               int dirfd,
                               const char *name,
                               BkTreeTargetWarningFunc func,
                               gpointer user_data);
void bk_tree_attributes_clear_others (const BkTreeAttributes *attributes, int fd);
void bk_tree_clear_default_acl (int fd);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkTreeAttributes, bk_tree_attributes_free)
