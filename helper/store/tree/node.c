/* The tree of directories that a scan holds: making and linking its nodes, and how many of them keep
 * their handle open. */
#include "store/tree/node.h"

#include "base/fd.h"
#include "model/tree-entry.h"
#include "store/tree/directory-names.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/**
 * bk_tree_node_new:
 * @parent: (nullable): %NULL for the root
 * @index: among its parent's names, of one that leads down
 *
 * Returns: (transfer full): with what its parent knows of it; its directory is not read yet.
 */
BkTreeNode *
bk_tree_node_new (BkTreeNode *parent, guint index)
{
  BkTreeNode *self = g_new0 (BkTreeNode, 1);
  BkTreeDirectory *directory = &self->directory;

  directory->fd = -1;
  self->parent = parent;
  self->index = index;
  if (parent == NULL)
    return self;

  const BkTreeDirectory *above = &parent->directory;
  const BkTreeRecord *record = bk_tree_node_record (parent, index);

  directory->parent = above;
  directory->name = bk_tree_directory_name (above, index);
  directory->path_length =
      (above->path_length == 0 ? 0 : above->path_length + 1) + strlen (directory->name);
  directory->is_bridge = (record->flags & BK_TREE_RECORD_BRIDGE) != 0;
  directory->device = record->device;
  directory->source_device = above->source_device;
  directory->source_length = above->source_length;
  if ((record->flags & BK_TREE_RECORD_SOURCE) != 0)
    {
      directory->source_device = record->device;
      directory->source_length = directory->path_length;
    }
  directory->grain_nsec = (record->flags & BK_TREE_RECORD_MOUNT) != 0 ? 0 : above->grain_nsec;
  self->inode = record->inode;
  return self;
}

void
bk_tree_node_free (BkTreeNode *node)
{
  bk_tree_directory_clear (&node->directory);
  g_free (node);
}

/**
 * bk_tree_node_append_child:
 * @child: (transfer full)
 */
void
bk_tree_node_append_child (BkTreeNode *parent, BkTreeNode *child)
{
  if (parent->last_child != NULL)
    parent->last_child->next_sibling = child;
  else
    parent->first_child = child;
  parent->last_child = child;
}

/**
 * bk_tree_node_remove_first_child:
 *
 * The child itself is the caller's then.
 */
void
bk_tree_node_remove_first_child (BkTreeNode *parent)
{
  parent->first_child = parent->first_child->next_sibling;
  if (parent->first_child == NULL)
    parent->last_child = NULL;
}

/**
 * bk_tree_node_leads_down:
 *
 * Returns: whether the walk goes into the directory of the name at @index.
 */
gboolean
bk_tree_node_leads_down (const BkTreeNode *node, guint index)
{
  const BkTreeRecord *record = bk_tree_node_record (node, index);

  /* One whose path is too long is not given out either. */
  return record->errnum == 0 &&
         node->directory.path_length + 1 +
                 strlen (bk_tree_directory_name (&node->directory, index)) <=
             BK_TREE_PATH_MAX_BYTES &&
         (record->flags & (BK_TREE_RECORD_DESCEND | BK_TREE_RECORD_LEFT_OUT |
                           BK_TREE_RECORD_UNMOUNTED)) == BK_TREE_RECORD_DESCEND;
}

static int
open_again (const BkTreeNode *node)
{
  autofd int fd = open ("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  g_autoptr (GString) path = g_string_new (NULL);
  struct stat st;

  bk_tree_directory_put_path (&node->directory, path);
  g_auto (GStrv) names = g_strsplit (path->str, "/", -1);
  for (char **name = names; fd >= 0 && *name != NULL; name++)
    {
      gboolean is_last = name[1] == NULL;
      int next =
          openat (fd, *name, (is_last ? O_RDONLY : O_PATH) | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

      bk_fd_clear (&fd);
      fd = next;
    }
  if (fd < 0 || fstat (fd, &st) < 0)
    return -1;
  if (st.st_dev != node->directory.device || st.st_ino != node->inode)
    {
      errno = ESTALE;
      return -1;
    }
  return bk_fd_steal (&fd);
}

/**
 * bk_tree_node_close_far_parent:
 * @open_parents_max: how many above @node stay open
 *
 * Closes the one above those, unless a thread reads below it: then it stays open until the walk is
 * back.
 */
void
bk_tree_node_close_far_parent (BkTreeNode *node, guint open_parents_max)
{
  for (guint i = 0; node != NULL && i < open_parents_max; i++)
    node = node->parent;
  if (node == NULL || node->parent == NULL || node->directory.fd < 0)
    return;
  for (BkTreeNode *child = node->first_child; child != NULL; child = child->next_sibling)
    {
      if (child->state == BK_TREE_NODE_READING)
        return;
    }
  bk_fd_clear (&node->directory.fd);
}

/**
 * bk_tree_node_open:
 *
 * Opens the directory again if it was closed.
 *
 * Returns: %FALSE, with errno, if it is no longer there; %ESTALE if another stands in its place.
 */
gboolean
bk_tree_node_open (BkTreeNode *node)
{
  if (node->directory.fd < 0)
    node->directory.fd = open_again (node);
  return node->directory.fd >= 0;
}
