#pragma once

#include "store/tree/node.h"
#include "store/tree/scan.h"

/*
 * Directories form a tree of nodes: the one the walk stands in, its parents, and those that were
 * looked at ahead of it. A thread that wants work takes the next directory in the order of the
 * walk that nobody has begun; so does the caller, whenever the directory it needs is still being
 * looked at by another. All fields of nodes that are not of the walk alone are under the mutex; a
 * node that is READING belongs to the thread that reads it.
 */

/* How many directories may lie ready ahead. */
#define BK_TREE_AHEAD_MAX 64

struct _BkTreeScan
{
  const BkTreeRules *rules;
  BkTreeNode *current;
  BkTreeScratch *scratch;
  GPtrArray *mounts;
  BkTreeScanItem item;
  char *path;        /* of item */
  gboolean descends; /* the next step goes into what item names */
  guint64 too_long_count;

  GThread **threads;
  guint threads_count;
  GMutex mutex;
  GCond work;  /* there may be a directory to look at */
  GCond ready; /* a directory has been looked at */
  guint ahead_count;
  guint ahead_records;
  guint waiting_threads;
  gboolean quits;
};

gpointer bk_tree_scan_look_ahead (gpointer data);
BkTreeNode *bk_tree_scan_wait_for_child (BkTreeScan *scan, guint index);
