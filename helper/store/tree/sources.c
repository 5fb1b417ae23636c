#include "store/tree/sources.h"

#include "base/error.h"
#include "base/gettext.h"
#include "model/tree-path.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* As the kernel's MAXSYMLINKS. */
#define LINKS_MAX 40

static char *
resolve_parent (const char *path)
{
  g_autofree char *parent = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  char *real = realpath (parent, NULL);
  char *resolved = g_build_filename (real != NULL ? real : parent, name, NULL);

  free (real);
  return resolved;
}

/* The walk follows no link. So where a source is reached through one, the link is a source itself,
 * and what it leads to is another: a restore has both. Where it leads is found also when nothing
 * is there now, because the file system is not mounted. */
static void
add_with_links (GPtrArray *sources, const char *path)
{
  g_autofree char *at = g_canonicalize_filename (path, "/");

  for (guint i = 0; i < LINKS_MAX; i++)
    {
      g_autofree char *resolved = strcmp (at, "/") == 0 ? g_strdup (at) : resolve_parent (at);
      g_autofree char *target = g_file_read_link (resolved, NULL);

      g_ptr_array_add (sources, g_strdup (resolved + 1));
      if (target == NULL)
        return;

      g_autofree char *parent = g_path_get_dirname (resolved);
      g_free (at);
      at = g_canonicalize_filename (target, parent);
    }
}

static int
compare_sources (gconstpointer a, gconstpointer b)
{
  return bk_tree_path_compare (*(const char *const *) a, *(const char *const *) b);
}

/**
 * bk_tree_sources_resolve:
 * @paths: absolute, as the settings have them
 *
 * Errors: %BK_ERROR_USAGE for a path that is not absolute, or for too many.
 *
 * Returns: (transfer full) (nullable): without the leading '/' (the root is ""), in the order of
 *   paths, each once, with the links resolved that lead to them.
 */
GStrv
bk_tree_sources_resolve (const char *const *paths, GError **error)
{
  g_autoptr (GPtrArray) sources = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; paths[i] != NULL; i++)
    {
      if (!g_path_is_absolute (paths[i]) || i >= BK_TREE_SOURCES_MAX)
        {
          g_autofree char *line = bk_error_one_line (paths[i]);

          bk_set_error (
              error, BK_ERROR_USAGE,
              i >= BK_TREE_SOURCES_MAX
                  ? _ ("“%s” is one source more than a tree can have")
                  : _ ("The source “%s” is not an absolute path; write one that begins with “/”"),
              line);
          return NULL;
        }
      add_with_links (sources, paths[i]);
    }
  g_ptr_array_sort (sources, compare_sources);
  for (guint i = 0; i < sources->len; i++)
    {
      const char *source = g_ptr_array_index (sources, i);

      if (i == 0 || strcmp (source, g_ptr_array_index (sources, i - 1)) != 0)
        g_strv_builder_add (builder, source);
    }
  return g_strv_builder_end (builder);
}

/**
 * bk_tree_sources_count_missing:
 * @sources: as bk_tree_sources_resolve() gives them
 *
 * Returns: how many of them are not there.
 */
guint
bk_tree_sources_count_missing (const char *const *sources)
{
  guint count = 0;

  for (; *sources != NULL; sources++)
    {
      g_autofree char *path = g_strconcat ("/", *sources, NULL);
      struct stat st;

      if (lstat (path, &st) < 0)
        count++;
    }
  return count;
}

/**
 * bk_tree_mounts_are_missing:
 * @mounts: without the leading '/'
 *
 * Returns: whether one of them is a directory with nothing mounted on it.
 */
gboolean
bk_tree_mounts_are_missing (const char *const *mounts)
{
  for (; *mounts != NULL; mounts++)
    {
      g_autofree char *path = g_strconcat ("/", *mounts, NULL);
      struct statx stx;

      if (statx (AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &stx) ==
              0 &&
          S_ISDIR (stx.stx_mode) && (stx.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0 &&
          (stx.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0)
        return TRUE;
    }
  return FALSE;
}
