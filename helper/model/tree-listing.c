#include "model/tree-listing.h"

#include <fnmatch.h>
#include <string.h>

struct _BkTreeListing
{
  char *directory; /* "" for the root */
  gsize directory_length;
  char *search; /* (nullable) */
  char *folded; /* (nullable) of a search that is not all ASCII */
  gboolean is_pattern;
  BkTreeListedFunc func;
  gpointer user_data;

  gboolean is_found; /* anything is at or below the directory */
  gboolean is_file;  /* the directory is something else */

  GString *path; /* of what is being gathered; empty: nothing is */
  BkTreeListed listed;
};

/**
 * bk_tree_listing_new:
 * @directory: without a slash at either end; "" for everything
 * @search: (nullable): list what has this in its name, at any depth, instead of the directory. Upper
 *   and lower case are the same; with “*” or “?” it is a pattern for the whole name
 * @func: told of each entry in order
 *
 * Returns: (transfer full)
 */
BkTreeListing *
bk_tree_listing_new (const char *directory,
                     const char *search,
                     BkTreeListedFunc func,
                     gpointer user_data)
{
  BkTreeListing *self = g_new0 (BkTreeListing, 1);

  self->directory = g_strdup (directory);
  self->directory_length = strlen (directory);
  self->search = g_strdup (search);
  self->is_pattern = search != NULL && strpbrk (search, "*?") != NULL;
  if (search != NULL && !g_str_is_ascii (search))
    self->folded = g_utf8_casefold (search, -1);
  self->func = func;
  self->user_data = user_data;
  self->path = g_string_new (NULL);
  self->is_found = self->directory_length == 0;
  return self;
}

void
bk_tree_listing_free (BkTreeListing *listing)
{
  g_free (listing->directory);
  g_free (listing->search);
  g_free (listing->folded);
  g_string_free (listing->path, TRUE);
  g_free (listing);
}

static gboolean
name_matches (const BkTreeListing *listing, const char *name)
{
  if (listing->is_pattern)
    return fnmatch (listing->search, name, FNM_CASEFOLD) == 0;
  if (listing->folded == NULL)
    return strcasestr (name, listing->search) != NULL;

  g_autofree char *valid = g_utf8_make_valid (name, -1);
  g_autofree char *folded = g_utf8_casefold (valid, -1);
  return strstr (folded, listing->folded) != NULL;
}

static BkTreeListed
listed_of (const BkTreeEntry *entry, const char *name)
{
  return (BkTreeListed){
    .path = entry->path,
    .name = name,
    .mode = entry->mode,
    .origin = entry->origin,
    .mtime_nsec = entry->mtime_nsec,
    .size_bytes = entry->size_bytes,
  };
}

static gboolean
search_entry (BkTreeListing *listing, const BkTreeEntry *entry)
{
  const char *slash = strrchr (entry->path, '/');
  const char *name = slash == NULL ? entry->path : slash + 1;

  if (!name_matches (listing, name))
    return TRUE;
  const BkTreeListed listed = listed_of (entry, name);
  return listing->func (&listed, listing->user_data);
}

static gboolean
hand_out (BkTreeListing *listing)
{
  if (listing->path->len == 0)
    return TRUE;

  const char *slash = strrchr (listing->path->str, '/');
  listing->listed.path = listing->path->str;
  listing->listed.name = slash == NULL ? listing->path->str : slash + 1;
  gboolean goes_on = listing->func (&listing->listed, listing->user_data);
  g_string_truncate (listing->path, 0);
  return goes_on;
}

static void
count_below (BkTreeListing *listing, const BkTreeEntry *entry)
{
  listing->listed.below_count++;
  if ((entry->mode & BK_TREE_MODE_TYPE) == 0)
    listing->listed.below_bytes += (guint64) entry->size_bytes;
}

/* @child_length: of the path of the child of the directory that @entry is, or is below */
static gboolean
gather (BkTreeListing *listing, const BkTreeEntry *entry, gsize child_length)
{
  gboolean is_below = entry->path[child_length] == '/';

  if (is_below && listing->path->len == child_length &&
      memcmp (listing->path->str, entry->path, child_length) == 0)
    {
      count_below (listing, entry);
      return TRUE;
    }
  if (!hand_out (listing))
    return FALSE;
  g_string_append_len (listing->path, entry->path, (gssize) child_length);
  if (!is_below)
    {
      listing->listed = listed_of (entry, NULL);
      return TRUE;
    }
  listing->listed = (BkTreeListed){ .is_implied = TRUE, .mode = BK_TREE_MODE_DIRECTORY };
  count_below (listing, entry);
  return TRUE;
}

/**
 * bk_tree_listing_feed:
 * @entry: in the order of bk_tree_path_compare()
 *
 * Returns: %FALSE when nothing after this entry is in the directory, or the function said so.
 */
gboolean
bk_tree_listing_feed (BkTreeListing *listing, const BkTreeEntry *entry)
{
  gsize start = 0;

  if (listing->directory_length > 0)
    {
      if (!bk_tree_path_is_below (entry->path, listing->directory))
        return !listing->is_found || bk_tree_path_compare (entry->path, listing->directory) < 0;
      listing->is_found = TRUE;
      if (entry->path_length == listing->directory_length)
        {
          listing->is_file = (entry->mode & BK_TREE_MODE_DIRECTORY) == 0;
          return TRUE;
        }
      start = listing->directory_length + 1;
    }
  if (listing->search != NULL)
    return search_entry (listing, entry);
  const char *end = strchrnul (entry->path + start, '/');
  return gather (listing, entry, (gsize) (end - entry->path));
}

/**
 * bk_tree_listing_end:
 *
 * Hands out what is still being gathered.
 */
gboolean
bk_tree_listing_end (BkTreeListing *listing)
{
  return hand_out (listing);
}

/**
 * bk_tree_listing_is_found:
 * @is_directory: (out): whether it is a directory
 *
 * Returns: whether anything fed was at or below the directory.
 */
gboolean
bk_tree_listing_is_found (const BkTreeListing *listing, gboolean *is_directory)
{
  *is_directory = !listing->is_file;
  return listing->is_found;
}
