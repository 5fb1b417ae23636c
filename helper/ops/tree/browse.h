#pragma once

#include "model/tree-listing.h"
#include "ops/tree/open.h"

/* What is to be listed of a point. Everything in it is borrowed for the call. */
typedef struct
{
  BkTreeWhich which;
  const char *path;   /* (nullable) a directory: its absolute path at the source */
  const char *search; /* (nullable) see bk_tree_listing_new() */
  guint64 offset;
  guint64 limit;
} BkTreeBrowseRequest;

typedef struct
{
  BkBackup *backup;
  char *generation;
  char *path;            /* absolute */
  guint64 count;         /* of all that there is to list */
  gboolean is_complete;  /* else counting ended early: there is more */
  guint64 entries_count; /* of the whole manifest */
} BkTreeBrowsed;

void bk_tree_browsed_clear (BkTreeBrowsed *browsed);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BkTreeBrowsed, bk_tree_browsed_clear)

/* Returning %FALSE with an error ends the listing. */
typedef gboolean (*BkTreeBrowseFunc) (const BkTreeListed *listed,
                                      gpointer user_data,
                                      GError **error);

gboolean bk_tree_browse (BkRepository *repository,
                         const BkTreeBrowseRequest *request,
                         BkTreeBrowseFunc func,
                         gpointer user_data,
                         BkTreeBrowsed *browsed,
                         GCancellable *cancellable,
                         GError **error);
