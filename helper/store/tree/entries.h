#pragma once

#include "store/tree/point.h"

/* The entries of a point that a selection means, in order: read from its manifest, or remembered from
 * the time before. */

typedef struct
{
  const BkTreeSelection *selection;
  BkNbkmReader *manifest;
  const GPtrArray *few; /* (element-type BkTreeEntry) (nullable): all of them, remembered */
  guint next;           /* of few */
} BkTreeEntries;

gboolean bk_tree_entries_open (BkTreeEntries *entries,
                               BkTreePoint *point,
                               const BkTreeSelection *selection,
                               const GPtrArray *few,
                               GError **error);
gboolean bk_tree_entries_next (BkTreeEntries *entries, const BkTreeEntry **entry, GError **error);
void bk_tree_entries_clear (BkTreeEntries *entries);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BkTreeEntries, bk_tree_entries_clear)
