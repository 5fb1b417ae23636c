#include "store/tree/entries.h"

/**
 * bk_tree_entries_open:
 * @entries: (out): bk_tree_entries_clear() them
 * @selection: borrowed, as @point and @few are
 * @few: (element-type BkTreeEntry) (nullable): what @selection means, where that is known; the
 *   manifest is not read then
 *
 * Errors: of reading the manifest.
 */
gboolean
bk_tree_entries_open (BkTreeEntries *entries,
                      BkTreePoint *point,
                      const BkTreeSelection *selection,
                      const GPtrArray *few,
                      GError **error)
{
  *entries = (BkTreeEntries){ .selection = selection, .few = few };
  if (few == NULL)
    entries->manifest = bk_tree_point_read_manifest (point, error);
  return few != NULL || entries->manifest != NULL;
}

void
bk_tree_entries_clear (BkTreeEntries *entries)
{
  g_clear_pointer (&entries->manifest, bk_nbkm_reader_free);
}

/**
 * bk_tree_entries_next:
 * @entry: (out) (transfer none) (nullable): valid until the next call; %NULL after the last one,
 *   and then there is no next call
 *
 * Errors: of reading the manifest.
 */
gboolean
bk_tree_entries_next (BkTreeEntries *entries, const BkTreeEntry **entry, GError **error)
{
  const char *path = entries->selection->path;

  if (entries->few != NULL)
    {
      *entry = entries->next < entries->few->len ? g_ptr_array_index (entries->few, entries->next++)
                                                 : NULL;
      return TRUE;
    }
  do
    {
      if (!bk_nbkm_reader_next (entries->manifest, entry, error))
        return FALSE;
    }
  while (*entry != NULL && path != NULL && bk_tree_path_compare ((*entry)->path, path) < 0);
  /* What is below a path follows it at once. */
  if (*entry != NULL && !bk_tree_selection_has (entries->selection, (*entry)->path))
    *entry = NULL;
  return TRUE;
}
