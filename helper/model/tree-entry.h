#pragma once

#include "model/tree-path.h"

/*
 * One file, directory, link or other name of a tree, as a manifest records it. What the scan finds
 * and what the manifest of the backup before says meet as two streams of these values.
 */

/* Origin is 8 bits wide: 0 is the full of the generation, 1 to 255 its incrementals. */
#define BK_TREE_ORIGIN_MAX 255

typedef struct
{
  /* The absolute path without its leading '/', bytes as on disk, never empty. A NUL follows it,
   * which path_length does not count. Borrowed from whoever gave the entry. */
  const char *path;
  guint16 path_length;
  guint8 origin; /* which archive of the generation holds it */
  guint32 mode;  /* permissions and type in the bits of Go's fs.FileMode */
  gint64 mtime_nsec;
  gint64 size_bytes; /* of a regular file, or of a link's target; 0 for every other type */
} BkTreeEntry;

/* Go's fs.FileMode (io/fs, a stable interface of its standard library). */
#define BK_TREE_MODE_DIRECTORY (1u << 31)
#define BK_TREE_MODE_SYMLINK (1u << 27)
#define BK_TREE_MODE_DEVICE (1u << 26)
#define BK_TREE_MODE_PIPE (1u << 25)
#define BK_TREE_MODE_SOCKET (1u << 24)
#define BK_TREE_MODE_SETUID (1u << 23)
#define BK_TREE_MODE_SETGID (1u << 22)
#define BK_TREE_MODE_CHARACTER_DEVICE (1u << 21) /* together with DEVICE */
#define BK_TREE_MODE_STICKY (1u << 20)
#define BK_TREE_MODE_IRREGULAR (1u << 19)
#define BK_TREE_MODE_PERMISSIONS 0777u
#define BK_TREE_MODE_TYPE                                                                          \
  (BK_TREE_MODE_DIRECTORY | BK_TREE_MODE_SYMLINK | BK_TREE_MODE_DEVICE | BK_TREE_MODE_PIPE |       \
   BK_TREE_MODE_SOCKET | BK_TREE_MODE_CHARACTER_DEVICE | BK_TREE_MODE_IRREGULAR)

BkTreeEntry *bk_tree_entry_copy (const BkTreeEntry *entry);

guint32 bk_tree_mode_from_stat (guint32 st_mode);
guint32 bk_tree_mode_to_stat (guint32 mode);
