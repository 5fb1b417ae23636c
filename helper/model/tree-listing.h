#pragma once

#include "model/tree-entry.h"

/*
 * What is in one directory of a tree, or below it by a name, out of a manifest that is read entry by
 * entry in its order. Only the entry being gathered is held in memory.
 */

/* Borrowed for the call. */
typedef struct
{
  const char *path;    /* without a leading slash */
  const char *name;    /* the last part of path */
  gboolean is_implied; /* a directory above the sources: the manifest has no entry for it */
  guint32 mode;        /* as BkTreeEntry */
  guint8 origin;       /* not of an implied one, as the next two */
  gint64 mtime_nsec;
  gint64 size_bytes;
  guint64 below_count; /* entries below a directory; 0 when searching */
  guint64 below_bytes; /* of the files among them */
} BkTreeListed;

/* Returns: whether to go on. */
typedef gboolean (*BkTreeListedFunc) (const BkTreeListed *listed, gpointer user_data);

typedef struct _BkTreeListing BkTreeListing;

BkTreeListing *bk_tree_listing_new (const char *directory,
                                    const char *search,
                                    BkTreeListedFunc func,
                                    gpointer user_data);
void bk_tree_listing_free (BkTreeListing *listing);
gboolean bk_tree_listing_feed (BkTreeListing *listing, const BkTreeEntry *entry);
gboolean bk_tree_listing_end (BkTreeListing *listing);
gboolean bk_tree_listing_is_found (const BkTreeListing *listing, gboolean *is_directory);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkTreeListing, bk_tree_listing_free)
