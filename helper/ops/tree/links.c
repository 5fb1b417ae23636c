#include "ops/tree/links.h"

#include <string.h>

/* Some 100 bytes each. Past that many at a time, further names are stored as files of their own. */
#define INODES_MAX 1000000

typedef struct
{
  guint64 device;
  guint64 inode;
  guint32 names_left;
  gboolean is_stored;
  gboolean is_elsewhere;
  char path[];
} Inode;

struct _BkTreeLinks
{
  GHashTable *inodes;
};

static guint
inode_hash (gconstpointer data)
{
  const Inode *inode = data;

  return (guint) ((inode->inode ^ inode->device * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15)) *
                      G_GUINT64_CONSTANT (0xff51afd7ed558ccd) >>
                  32);
}

static gboolean
inode_equal (gconstpointer a, gconstpointer b)
{
  const Inode *left = a;
  const Inode *right = b;

  return left->inode == right->inode && left->device == right->device;
}

BkTreeLinks *
bk_tree_links_new (void)
{
  BkTreeLinks *self = g_new0 (BkTreeLinks, 1);

  self->inodes = g_hash_table_new_full (inode_hash, inode_equal, g_free, NULL);
  return self;
}

void
bk_tree_links_free (BkTreeLinks *links)
{
  g_hash_table_unref (links->inodes);
  g_free (links);
}

static Inode *
find (BkTreeLinks *links, guint64 device, guint64 inode)
{
  const Inode key = { .device = device, .inode = inode };

  return g_hash_table_lookup (links->inodes, &key);
}

/**
 * bk_tree_links_look:
 * @target: (out) (transfer none) (nullable): with %BK_TREE_LINK_STORED, the path of the member
 */
BkTreeLinkState
bk_tree_links_look (BkTreeLinks *links, guint64 device, guint64 inode, const char **target)
{
  const Inode *found = find (links, device, inode);

  *target = found != NULL && found->is_stored ? found->path : NULL;
  if (found == NULL)
    return BK_TREE_LINK_FIRST;
  return found->is_stored ? BK_TREE_LINK_STORED : BK_TREE_LINK_PENDING;
}

/**
 * bk_tree_links_begin:
 * @names_count: how many names the inode has
 * @path: of the first, which is being stored
 */
void
bk_tree_links_begin (
    BkTreeLinks *links, guint64 device, guint64 inode, guint32 names_count, const char *path)
{
  gsize length = strlen (path) + 1;

  if (g_hash_table_size (links->inodes) >= INODES_MAX)
    return;

  Inode *added = g_malloc (sizeof (Inode) + length);
  *added = (Inode){ .device = device, .inode = inode, .names_left = names_count - 1 };
  memcpy (added->path, path, length);
  g_hash_table_add (links->inodes, added);
}

/**
 * bk_tree_links_begin_elsewhere:
 * @path: of the first name, which is unchanged: an earlier archive has it
 */
void
bk_tree_links_begin_elsewhere (
    BkTreeLinks *links, guint64 device, guint64 inode, guint32 names_count, const char *path)
{
  bk_tree_links_begin (links, device, inode, names_count, path);

  Inode *found = find (links, device, inode);
  if (found != NULL)
    found->is_stored = found->is_elsewhere = TRUE;
}

/**
 * bk_tree_links_is_elsewhere:
 *
 * Returns: whether one of the file's other names is in what an earlier archive holds.
 */
gboolean
bk_tree_links_is_elsewhere (BkTreeLinks *links, guint64 device, guint64 inode)
{
  const Inode *found = find (links, device, inode);

  return found != NULL && found->is_elsewhere;
}

/**
 * bk_tree_links_settle:
 * @is_stored: whether the first name got into the archive; if not, the next one is the first
 */
void
bk_tree_links_settle (BkTreeLinks *links, guint64 device, guint64 inode, gboolean is_stored)
{
  Inode *found = find (links, device, inode);

  if (found == NULL)
    return;
  if (is_stored)
    found->is_stored = TRUE;
  else
    g_hash_table_remove (links->inodes, found);
}

/**
 * bk_tree_links_passed:
 *
 * Another name of the inode has been added.
 */
void
bk_tree_links_passed (BkTreeLinks *links, guint64 device, guint64 inode)
{
  Inode *found = find (links, device, inode);

  if (found != NULL && --found->names_left == 0)
    g_hash_table_remove (links->inodes, found);
}
