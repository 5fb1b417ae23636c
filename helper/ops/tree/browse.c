#include "ops/tree/browse.h"

#include "base/error.h"

#include <string.h>

/* A search that finds more than what is asked for and this does not count on. */
#define COUNT_ON 100000

/* How often it is looked whether anybody still listens. */
#define CANCEL_STEP 4096

typedef struct
{
  const BkTreeBrowseRequest *request;
  BkTreeBrowseFunc func;
  gpointer user_data;
  BkTreeBrowsed *browsed;
  GError *error; /* of func */
} Browse;

void
bk_tree_browsed_clear (BkTreeBrowsed *browsed)
{
  g_clear_pointer (&browsed->backup, bk_backup_free);
  g_clear_pointer (&browsed->generation, g_free);
  g_clear_pointer (&browsed->path, g_free);
}

static gboolean
on_listed (const BkTreeListed *listed, gpointer user_data)
{
  Browse *browse = user_data;
  const BkTreeBrowseRequest *request = browse->request;
  guint64 index = browse->browsed->count++;

  if (index >= request->offset && index - request->offset < request->limit &&
      !browse->func (listed, browse->user_data, &browse->error))
    return FALSE;
  if (request->search != NULL && index >= request->offset + request->limit + COUNT_ON)
    browse->browsed->is_complete = FALSE;
  return browse->browsed->is_complete;
}

static gboolean
read_manifest (BkTreePoint *point,
               BkTreeListing *listing,
               BkTreeBrowsed *browsed,
               GCancellable *cancellable,
               GError **error)
{
  g_autoptr (BkNbkmReader) manifest = bk_tree_point_read_manifest (point, error);
  const BkTreeEntry *entry;
  guint64 count = 0;

  if (manifest == NULL)
    return FALSE;
  browsed->entries_count = bk_nbkm_reader_get_header (manifest)->entry_count;
  do
    {
      if ((count++ % CANCEL_STEP == 0 &&
           g_cancellable_set_error_if_cancelled (cancellable, error)) ||
          !bk_nbkm_reader_next (manifest, &entry, error))
        return FALSE;
    }
  while (entry != NULL && bk_tree_listing_feed (listing, entry));
  return TRUE;
}

static gboolean
check_found (const BkTreeListing *listing, const BkTreeBrowsed *browsed, GError **error)
{
  g_autofree char *line = bk_error_one_line (browsed->path);
  gboolean is_directory;

  if (!bk_tree_listing_is_found (listing, &is_directory))
    {
      bk_set_error (error, BK_ERROR_NOT_FOUND, "“%s” is not in the backup “%s”", line,
                    browsed->backup->id);
      return FALSE;
    }
  if (!is_directory)
    bk_set_error (error, BK_ERROR_USAGE, "“%s” is no directory in the backup “%s”", line,
                  browsed->backup->id);
  return is_directory;
}

/**
 * bk_tree_browse:
 * @func: told of each entry from the offset on, as many as the limit says, in order
 * @browsed: (out): bk_tree_browsed_clear() it
 *
 * Lists a directory of a point, or what is below it by name. Reads the manifest up to the end of that
 * directory, nothing else, and keeps none of it.
 *
 * Errors: %BK_ERROR_NOT_FOUND without such a point or directory; %BK_ERROR_USAGE for what is no
 *   directory; %BK_ERROR_INTEGRITY for a broken manifest.
 */
gboolean
bk_tree_browse (BkRepository *repository,
                const BkTreeBrowseRequest *request,
                BkTreeBrowseFunc func,
                gpointer user_data,
                BkTreeBrowsed *browsed,
                GCancellable *cancellable,
                GError **error)
{
  g_autofree char *path = NULL;
  Browse browse = { request, func, user_data, browsed, NULL };

  memset (browsed, 0, sizeof *browsed);
  if (!bk_tree_parse_path (request->path, &path, error))
    return FALSE;
  g_autoptr (BkTreePoint) point =
      bk_tree_open_point (repository, &request->which, cancellable, error);
  if (point == NULL)
    return FALSE;

  browsed->backup = bk_backup_copy (bk_tree_point_get_backup (point));
  browsed->generation = g_strdup (bk_tree_point_get_generation (point));
  browsed->path = g_strconcat ("/", path, NULL);
  browsed->is_complete = TRUE;
  g_autoptr (BkTreeListing) listing =
      bk_tree_listing_new (path == NULL ? "" : path, request->search, on_listed, &browse);
  gboolean ok = read_manifest (point, listing, browsed, cancellable, error);

  if (ok && browse.error == NULL)
    bk_tree_listing_end (listing);
  if (browse.error != NULL)
    {
      g_clear_error (error);
      g_propagate_error (error, browse.error);
      return FALSE;
    }
  return ok && check_found (listing, browsed, error);
}
