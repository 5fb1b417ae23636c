#pragma once

#include <glib.h>

/*
 * The hard links of one archive: the first name of an inode is a member of its own, the others
 * refer to it. If the first name is unchanged, an earlier archive has the member, and names that are
 * new refer to it there. An inode is forgotten when all its names have come by.
 */

typedef struct _BkTreeLinks BkTreeLinks;

typedef enum
{
  BK_TREE_LINK_FIRST,   /* not seen before: it is to be stored, and told to settle() */
  BK_TREE_LINK_PENDING, /* nobody knows yet whether the first name got into the archive */
  BK_TREE_LINK_STORED,  /* the first name is a member */
} BkTreeLinkState;

BkTreeLinks *bk_tree_links_new (void);
void bk_tree_links_free (BkTreeLinks *links);
BkTreeLinkState
bk_tree_links_look (BkTreeLinks *links, guint64 device, guint64 inode, const char **target);
void bk_tree_links_begin (
    BkTreeLinks *links, guint64 device, guint64 inode, guint32 names_count, const char *path);
void bk_tree_links_begin_elsewhere (
    BkTreeLinks *links, guint64 device, guint64 inode, guint32 names_count, const char *path);
gboolean bk_tree_links_is_elsewhere (BkTreeLinks *links, guint64 device, guint64 inode);
void bk_tree_links_settle (BkTreeLinks *links, guint64 device, guint64 inode, gboolean is_stored);
void bk_tree_links_passed (BkTreeLinks *links, guint64 device, guint64 inode);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkTreeLinks, bk_tree_links_free)
