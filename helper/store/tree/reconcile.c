#include "store/tree/reconcile.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "model/tree-entry.h"
#include "store/tree/target.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* One handle is open for each level. */
#define DEPTH_MAX 500

/* A walk of the target and a reading of the manifest, side by side: both are in one order. */
typedef struct
{
  BkNbkmReader *manifest;
  const BkTreeSelection *selection;
  const BkTreeEntry *entry; /* %NULL: the manifest is over */
  GString *path;
  gboolean removes;
  guint64 extra_count;
  GCancellable *cancellable;
} Walk;

static gboolean
next_entry (Walk *walk, GError **error)
{
  if (!bk_nbkm_reader_next (walk->manifest, &walk->entry, error))
    return FALSE;
  if (walk->entry != NULL && bk_tree_selection_is_past (walk->selection, walk->entry->path))
    walk->entry = NULL;
  return TRUE;
}

/* Where the manifest has @walk->path, walk->entry is it afterwards. */
static gboolean
advance (Walk *walk, GError **error)
{
  while (walk->entry != NULL && bk_tree_path_compare (walk->entry->path, walk->path->str) < 0)
    {
      if (!next_entry (walk, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
too_deep (int dirfd, GError **error)
{
  g_autofree char *path = bk_fd_dup_path (dirfd);

  bk_set_error (error, BK_ERROR_UNSUPPORTED,
                "“%s” in the target is nested too deep to be compared; remove it by hand", path);
  return FALSE;
}

static gboolean
is_directory (int dirfd, const char *name)
{
  struct stat st;

  return fstatat (dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR (st.st_mode);
}

static gboolean
count_below (int dirfd, const char *name, guint depth, guint64 *count, GError **error)
{
  ++*count;
  if (!is_directory (dirfd, name))
    return TRUE;

  autofd int child = bk_tree_target_open_beneath (dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  g_autoptr (GPtrArray) names = NULL;

  if (child < 0)
    return bk_error_set_errno (error, errno, "“%s” in the target cannot be read", name);
  if (depth == 0)
    return too_deep (child, error);
  names = bk_list_directory (child, error);
  if (names == NULL)
    return FALSE;
  for (guint i = 0; i < names->len; i++)
    {
      if (!count_below (child, g_ptr_array_index (names, i), depth - 1, count, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
take_extra (Walk *walk, int dirfd, const char *name, GError **error)
{
  return walk->removes ? bk_tree_target_remove (dirfd, name, &walk->extra_count, error)
                       : count_below (dirfd, name, DEPTH_MAX, &walk->extra_count, error);
}

static gboolean walk_directory (Walk *walk, int dirfd, guint depth, GError **error);

static gboolean
walk_name (Walk *walk, int dirfd, const char *name, guint depth, GError **error)
{
  if (!advance (walk, error))
    return FALSE;
  if (walk->entry == NULL || strcmp (walk->entry->path, walk->path->str) != 0)
    return take_extra (walk, dirfd, name, error);
  if (!is_directory (dirfd, name))
    return TRUE;

  autofd int child = bk_tree_target_open_beneath (dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (child < 0)
    return bk_error_set_errno (error, errno, "“%s” in the target cannot be read", name);
  /* A directory where the manifest has something else: all in it is extra, and goes with it when
   * that is put in its place. */
  return walk_directory (walk, child, depth - 1, error);
}

static gboolean
walk_directory (Walk *walk, int dirfd, guint depth, GError **error)
{
  g_autoptr (GPtrArray) names = bk_list_directory (dirfd, error);
  gsize length_bytes = walk->path->len;

  if (names == NULL)
    return FALSE;
  if (depth == 0)
    return too_deep (dirfd, error);
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);

      if (g_cancellable_set_error_if_cancelled (walk->cancellable, error))
        return FALSE;
      g_string_append_c (walk->path, '/');
      g_string_append (walk->path, name);
      gboolean ok = walk_name (walk, dirfd, name, depth, error);
      g_string_truncate (walk->path, length_bytes);
      if (!ok)
        return FALSE;
    }
  return TRUE;
}

/* A root is an entry that no other one holds: what was a source of the backup, or the path that is
 * selected. Nothing outside of these is looked at. */
static gboolean
walk_root (Walk *walk, int target, GError **error)
{
  g_autofree char *root = g_strdup (walk->entry->path);
  gboolean ok = TRUE;

  g_string_assign (walk->path, root);
  if ((walk->entry->mode & BK_TREE_MODE_TYPE) == BK_TREE_MODE_DIRECTORY)
    {
      autofd int fd =
          bk_tree_target_open_beneath (target, root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);

      ok = fd < 0 || walk_directory (walk, fd, DEPTH_MAX, error);
    }
  while (ok && walk->entry != NULL && bk_tree_path_is_below (walk->entry->path, root))
    ok = next_entry (walk, error);
  return ok;
}

/**
 * bk_tree_reconcile:
 * @target: the handle of the directory that the manifest's paths start from
 * @removes: else they are only counted
 * @extra_count: (out): how many names in the target, below the sources of the backup, the manifest
 *   does not have
 *
 * Through handles only; no symbolic link is followed.
 */
gboolean
bk_tree_reconcile (BkTreePoint *point,
                   const BkTreeSelection *selection,
                   int target,
                   gboolean removes,
                   guint64 *extra_count,
                   GCancellable *cancellable,
                   GError **error)
{
  g_autoptr (BkNbkmReader) manifest = bk_tree_point_read_manifest (point, error);
  g_autoptr (GString) path = g_string_new (NULL);
  Walk walk = { .manifest = manifest,
                .selection = selection,
                .path = path,
                .removes = removes,
                .cancellable = cancellable };
  gboolean ok = manifest != NULL && next_entry (&walk, error);

  while (ok && walk.entry != NULL)
    ok = bk_tree_selection_has (selection, walk.entry->path) ? walk_root (&walk, target, error)
                                                             : next_entry (&walk, error);
  *extra_count = walk.extra_count;
  return ok;
}
