#include "model/tree-entry.h"

#include <string.h>
#include <sys/stat.h>

static const struct
{
  guint32 type;
  guint32 mode;
} types[] = {
  { S_IFREG, 0 },
  { S_IFDIR, BK_TREE_MODE_DIRECTORY },
  { S_IFLNK, BK_TREE_MODE_SYMLINK },
  { S_IFBLK, BK_TREE_MODE_DEVICE },
  { S_IFCHR, BK_TREE_MODE_DEVICE | BK_TREE_MODE_CHARACTER_DEVICE },
  { S_IFIFO, BK_TREE_MODE_PIPE },
  { S_IFSOCK, BK_TREE_MODE_SOCKET },
};

/**
 * bk_tree_entry_copy:
 *
 * Returns: (transfer full): @entry with a path of its own; g_free() it.
 */
BkTreeEntry *
bk_tree_entry_copy (const BkTreeEntry *entry)
{
  BkTreeEntry *copy = g_malloc (sizeof *copy + entry->path_length + 1);
  char *path = (char *) (copy + 1);

  *copy = *entry;
  memcpy (path, entry->path, (gsize) entry->path_length + 1);
  copy->path = path;
  return copy;
}

/**
 * bk_tree_mode_from_stat:
 * @st_mode: of stat(2)
 *
 * Returns: the same in the bits of Go's fs.FileMode, which manifests hold.
 */
guint32
bk_tree_mode_from_stat (guint32 st_mode)
{
  guint32 mode = BK_TREE_MODE_IRREGULAR;

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      if ((st_mode & S_IFMT) == types[i].type)
        {
          mode = types[i].mode;
          break;
        }
    }
  mode |= st_mode & BK_TREE_MODE_PERMISSIONS;
  if ((st_mode & S_ISUID) != 0)
    mode |= BK_TREE_MODE_SETUID;
  if ((st_mode & S_ISGID) != 0)
    mode |= BK_TREE_MODE_SETGID;
  if ((st_mode & S_ISVTX) != 0)
    mode |= BK_TREE_MODE_STICKY;
  return mode;
}

/**
 * bk_tree_mode_to_stat:
 * @mode: out of a manifest, hostile until checked
 *
 * Returns: the st_mode of stat(2), or 0 if the type is none that a file can have here.
 */
guint32
bk_tree_mode_to_stat (guint32 mode)
{
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      if ((mode & BK_TREE_MODE_TYPE) != types[i].mode)
        continue;
      return types[i].type | (mode & BK_TREE_MODE_PERMISSIONS) |
             ((mode & BK_TREE_MODE_SETUID) != 0 ? S_ISUID : 0) |
             ((mode & BK_TREE_MODE_SETGID) != 0 ? S_ISGID : 0) |
             ((mode & BK_TREE_MODE_STICKY) != 0 ? S_ISVTX : 0);
    }
  return 0;
}
