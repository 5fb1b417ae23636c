#include "model/tree-path.h"

#include <string.h>

/**
 * bk_tree_path_compare:
 *
 * The order of a depth-first walk with each directory's names sorted bytewise: '/' sorts before
 * every other byte, so that all below a directory follows it at once (`a`, `a/b`, `a.b`).
 *
 * Returns: less than, equal to or greater than 0.
 */
int
bk_tree_path_compare (const char *a, const char *b)
{
  while (*a != '\0' && *a == *b)
    {
      a++;
      b++;
    }
  if (*a == *b)
    return 0;
  if (*a == '\0' || *b == '\0')
    return *a == '\0' ? -1 : 1;
  if (*a == '/' || *b == '/')
    return *a == '/' ? -1 : 1;
  return (guchar) *a < (guchar) *b ? -1 : 1;
}

/**
 * bk_tree_path_is_valid:
 * @path: (nullable): hostile until checked
 *
 * Returns: whether @path is 1 to %BK_TREE_PATH_MAX_BYTES bytes, relative, and made of names that
 *   are neither empty nor "." nor "..": it cannot lead out of where it is used.
 */
gboolean
bk_tree_path_is_valid (const char *path)
{
  if (path == NULL || strlen (path) > BK_TREE_PATH_MAX_BYTES)
    return FALSE;
  while (TRUE)
    {
      const char *end = strchrnul (path, '/');
      gsize length_bytes = (gsize) (end - path);

      if (length_bytes == 0 || (length_bytes == 1 && path[0] == '.') ||
          (length_bytes == 2 && path[0] == '.' && path[1] == '.'))
        return FALSE;
      if (*end == '\0')
        return TRUE;
      path = end + 1;
    }
}

/**
 * bk_tree_path_is_below:
 *
 * Returns: whether @path is @directory or anything in it.
 */
gboolean
bk_tree_path_is_below (const char *path, const char *directory)
{
  gsize length_bytes = strlen (directory);

  return strncmp (path, directory, length_bytes) == 0 &&
         (path[length_bytes] == '\0' || path[length_bytes] == '/');
}
