#include "model/tree-diff.h"

#include <string.h>

#define NSEC_PER_SEC G_GINT64_CONSTANT (1000000000)

/* FAT stores times in steps of two seconds, older file systems in whole ones. */
#define COARSE_GRAIN_NSEC (2 * NSEC_PER_SEC)

/**
 * bk_tree_entry_is_settled:
 * @found: an entry
 *
 * Returns: whether its times say that it has not been touched since the scan before began. One
 *   that was touched in the same grain of the clock may have been read before it was touched.
 */
gboolean
bk_tree_entry_is_settled (const BkTreeDiffRule *rule, const BkTreeFound *found)
{
  gint64 touched_nsec = rule->use_ctime ? found->ctime_nsec : found->entry.mtime_nsec;
  gint64 grain_nsec = found->grain_nsec;

  if (touched_nsec % NSEC_PER_SEC == 0)
    grain_nsec = MAX (grain_nsec, COARSE_GRAIN_NSEC);
  return touched_nsec < rule->previous_start_nsec - grain_nsec;
}

/* Compared for "differs", never for "newer": a file restored from elsewhere has an older mtime. */
static gboolean
is_unchanged (const BkTreeDiffRule *rule, const BkTreeFound *found, const BkTreeEntry *previous)
{
  return found->entry.mtime_nsec == previous->mtime_nsec &&
         found->entry.size_bytes == previous->size_bytes && found->entry.mode == previous->mode &&
         bk_tree_entry_is_settled (rule, found);
}

/**
 * bk_tree_diff_step:
 * @found: (nullable): the head of the walk, or %NULL after its end
 * @previous: (nullable): the head of the manifest before, or %NULL after its end; not both
 *
 * Returns: what stands at the lower of the two paths.
 */
BkTreeChange
bk_tree_diff_step (const BkTreeDiffRule *rule,
                   const BkTreeFound *found,
                   const BkTreeEntry *previous)
{
  if (found == NULL)
    return BK_TREE_DELETED;
  if (previous == NULL)
    return found->kind == BK_TREE_FOUND_ENTRY ? BK_TREE_ADDED : BK_TREE_PASSED;

  if (found->entry.path_length == previous->path_length &&
      memcmp (found->entry.path, previous->path, previous->path_length) == 0)
    {
      if (found->kind == BK_TREE_FOUND_UNREADABLE)
        return BK_TREE_CARRIED;
      return is_unchanged (rule, found, previous) ? BK_TREE_UNCHANGED : BK_TREE_MODIFIED;
    }
  if (bk_tree_path_compare (found->entry.path, previous->path) > 0)
    return BK_TREE_DELETED;
  if (found->kind == BK_TREE_FOUND_ENTRY)
    return BK_TREE_ADDED;
  return bk_tree_path_is_below (previous->path, found->entry.path) ? BK_TREE_CARRIED
                                                                   : BK_TREE_PASSED;
}

/**
 * bk_tree_change_takes_found:
 *
 * Returns: whether the step has dealt with what was found: the next one is to be handed in.
 */
gboolean
bk_tree_change_takes_found (BkTreeChange change)
{
  return change != BK_TREE_DELETED && change != BK_TREE_CARRIED;
}

/**
 * bk_tree_change_takes_previous:
 *
 * Returns: whether the step has dealt with the entry of the manifest before: the next one is to be
 * handed in.
 */
gboolean
bk_tree_change_takes_previous (BkTreeChange change)
{
  return change != BK_TREE_ADDED && change != BK_TREE_PASSED;
}
