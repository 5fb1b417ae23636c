#pragma once

#include "store/tree/directory.h"

/*
 * A directory of a scan among those around it. Private to the scan: see scan-private.h for who
 * may touch what.
 */

typedef enum
{
  BK_TREE_NODE_READING,
  BK_TREE_NODE_READY,
} BkTreeNodeState;

typedef struct _BkTreeNode BkTreeNode;
struct _BkTreeNode
{
  BkTreeDirectory directory;
  BkTreeNode *parent;
  BkTreeNode *first_child; /* begun, and not yet left by the walk; in order */
  BkTreeNode *last_child;
  BkTreeNode *next_sibling;
  guint index;         /* among its parent's names */
  guint next_ahead;    /* the first name that no thread has asked about */
  guint next_item;     /* the first name that the walk has not given out */
  guint ahead_records; /* what it adds to the scan's */
  BkTreeNodeState state;
  guint64 inode; /* of the directory, once it is known */
};

/**
 * bk_tree_node_record:
 * @index: of a name whose records are at hand: from records_start to records_end - 1
 */
static inline const BkTreeRecord *
bk_tree_node_record (const BkTreeNode *node, guint index)
{
  return &node->directory.records[index - node->directory.records_start];
}

BkTreeNode *bk_tree_node_new (BkTreeNode *parent, guint index);
void bk_tree_node_free (BkTreeNode *node);
void bk_tree_node_append_child (BkTreeNode *parent, BkTreeNode *child);
void bk_tree_node_remove_first_child (BkTreeNode *parent);
gboolean bk_tree_node_leads_down (const BkTreeNode *node, guint index);
void bk_tree_node_close_far_parent (BkTreeNode *node, guint open_parents_max);
gboolean bk_tree_node_open (BkTreeNode *node);
