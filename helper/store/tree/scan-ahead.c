/* Looking at directories before the walk gets there: which comes next, how far ahead, and what the
 * walk does while it waits for one. */
#include "store/tree/scan-private.h"

#include <errno.h>

/* How many names may lie ready ahead. */
#define AHEAD_RECORDS_MAX (32 * 1024)

/* How far up a search for work looks for a directory with more children. */
#define CLIMB_MAX 32

/* The next directory below @node that nobody has begun, in the order of the walk. */
static BkTreeNode *
find_below (BkTreeNode *node)
{
  if (node->state != BK_TREE_NODE_READY || node->directory.fd < 0)
    return NULL;
  for (BkTreeNode *child = node->first_child; child != NULL; child = child->next_sibling)
    {
      BkTreeNode *found = find_below (child);

      if (found != NULL)
        return found;
    }
  for (; node->next_ahead < node->directory.records_end; node->next_ahead++)
    {
      if (!bk_tree_node_leads_down (node, node->next_ahead))
        continue;

      BkTreeNode *child = bk_tree_node_new (node, node->next_ahead++);
      bk_tree_node_append_child (node, child);
      return child;
    }
  return NULL;
}

static BkTreeNode *
find_work (BkTreeScan *scan)
{
  BkTreeNode *found = NULL;
  BkTreeNode *node = scan->current;

  if (scan->ahead_count >= BK_TREE_AHEAD_MAX || scan->ahead_records >= AHEAD_RECORDS_MAX)
    return NULL;
  for (guint climbed = 0; found == NULL && node != NULL && climbed < CLIMB_MAX; climbed++)
    {
      found = find_below (node);
      node = node->parent;
    }
  if (found != NULL)
    scan->ahead_count++;
  return found;
}

/* With the mutex held, which is let go meanwhile. */
static void
read_node (BkTreeScan *scan, BkTreeNode *node, BkTreeScratch *scratch)
{
  int parent_fd = node->parent->directory.fd;

  g_mutex_unlock (&scan->mutex);
  bk_tree_directory_read (&node->directory, scan->rules, parent_fd, scratch);
  g_mutex_lock (&scan->mutex);
  node->state = BK_TREE_NODE_READY;
  node->ahead_records = node->directory.records_end;
  scan->ahead_records += node->ahead_records;
}

/**
 * bk_tree_scan_look_ahead:
 * @data: the scan
 *
 * What a thread that looks ahead does, until the scan quits.
 */
gpointer
bk_tree_scan_look_ahead (gpointer data)
{
  BkTreeScan *scan = data;
  BkTreeScratch *scratch = bk_tree_scratch_new ();

  g_mutex_lock (&scan->mutex);
  while (!scan->quits)
    {
      BkTreeNode *node = find_work (scan);

      if (node == NULL)
        {
          scan->waiting_threads++;
          g_cond_wait (&scan->work, &scan->mutex);
          scan->waiting_threads--;
          continue;
        }
      read_node (scan, node, scratch);
      g_cond_signal (&scan->ready);
    }
  g_mutex_unlock (&scan->mutex);
  bk_tree_scratch_free (scratch);
  return NULL;
}

/**
 * bk_tree_scan_wait_for_child:
 * @index: of a name where the walk stands that leads down
 *
 * To be called with the mutex held, which is let go meanwhile.
 *
 * Returns: (transfer none): its node, ready. It may hold an error.
 */
BkTreeNode *
bk_tree_scan_wait_for_child (BkTreeScan *scan, guint index)
{
  BkTreeNode *parent = scan->current;
  BkTreeNode *child = parent->first_child;

  if (child == NULL)
    {
      child = bk_tree_node_new (parent, index);
      bk_tree_node_append_child (parent, child);
      parent->next_ahead = index + 1;
      scan->ahead_count++;
      if (bk_tree_node_open (parent))
        read_node (scan, child, scan->scratch);
      else
        {
          child->directory.errnum = errno;
          child->state = BK_TREE_NODE_READY;
        }
    }
  g_assert (child->index == index);
  while (child->state != BK_TREE_NODE_READY)
    {
      BkTreeNode *other = find_work (scan);

      if (other != NULL)
        read_node (scan, other, scan->scratch);
      else
        g_cond_wait (&scan->ready, &scan->mutex);
    }
  return child;
}
