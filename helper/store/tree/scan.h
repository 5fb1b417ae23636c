#pragma once

#include "model/tree-diff.h"
#include "store/tree/directory.h"

/*
 * The walk of a tree backup: every entry of the sources in the order of a manifest, one at a time,
 * while other threads look at the directories that come next. Nothing is followed: no symbolic
 * link, and no name that is looked up twice.
 */

typedef struct _BkTreeScan BkTreeScan;

/* What the walk stands at; valid until the next step. */
typedef struct
{
  BkTreeFound found; /* UNREADABLE: errnum or is_unmounted says why */
  const char *name;  /* in the directory that bk_tree_scan_open_directory() gives */
  guint64 device;
  guint64 inode;
  guint32 st_mode;
  guint32 links_count;
  int errnum;
  gboolean is_unmounted;
  gboolean is_source; /* or, for UNREADABLE, it leads to one */
} BkTreeScanItem;

BkTreeScan *bk_tree_scan_new (const BkTreeRules *rules, guint threads_count, GError **error);
const BkTreeScanItem *bk_tree_scan_next (BkTreeScan *scan);
int bk_tree_scan_get_directory (BkTreeScan *scan);
GStrv bk_tree_scan_get_mounts (BkTreeScan *scan);
guint64 bk_tree_scan_get_too_long_count (BkTreeScan *scan);
void bk_tree_scan_free (BkTreeScan *scan);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkTreeScan, bk_tree_scan_free)

gint64 bk_tree_scan_clock (void);
