#pragma once

#include "model/tree-entry.h"

/*
 * The merge of two streams in the order of paths: what a walk finds now, and what the manifest of
 * the backup before says. One step looks at the head of each and says what it is; which of the two
 * then moves on follows from that. Nothing is held but these two entries.
 */

typedef enum
{
  BK_TREE_FOUND_ENTRY,
  /* The path, or what lies below it, cannot be looked at: no permission, an input error, a file
   * system that is not mounted. What was there before is not gone. */
  BK_TREE_FOUND_UNREADABLE,
} BkTreeFoundKind;

typedef struct
{
  BkTreeFoundKind kind;
  BkTreeEntry entry; /* of UNREADABLE, only the path; origin is not used */
  gint64 ctime_nsec;
  gint64 grain_nsec; /* how far apart two changes may be and still get one time */
} BkTreeFound;

typedef struct
{
  gint64 previous_start_nsec; /* when the scan of the backup before began */
  /* Whether a file whose ctime is not older than that counts as changed: a change of owner or
   * attributes, or of content with the mtime put back. Otherwise only mtime, size and mode count. */
  gboolean use_ctime;
} BkTreeDiffRule;

typedef enum
{
  BK_TREE_ADDED,     /* found, and not there before */
  BK_TREE_MODIFIED,  /* found, and it may differ from what was recorded */
  BK_TREE_UNCHANGED, /* found as recorded */
  BK_TREE_DELETED,   /* recorded, and no longer there */
  BK_TREE_CARRIED,   /* recorded, and nobody can say */
  BK_TREE_PASSED,    /* an UNREADABLE with nothing more recorded at or below it */
} BkTreeChange;

BkTreeChange bk_tree_diff_step (const BkTreeDiffRule *rule,
                                const BkTreeFound *found,
                                const BkTreeEntry *previous);
gboolean bk_tree_change_takes_found (BkTreeChange change);
gboolean bk_tree_change_takes_previous (BkTreeChange change);
gboolean bk_tree_entry_is_settled (const BkTreeDiffRule *rule, const BkTreeFound *found);
