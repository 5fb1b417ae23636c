#include "store/tree/directory-names.h"

#include "model/tree-path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What getdents64() fills in; glibc has no name for it that is as long as the kernel says. */
typedef struct
{
  guint64 inode;
  gint64 offset;
  guint16 length;
  guint8 type;
  char name[];
} KernelEntry;

/**
 * bk_tree_directory_put_path:
 * @path: (out): becomes the path of @directory, empty for the root
 */
void
bk_tree_directory_put_path (const BkTreeDirectory *directory, GString *path)
{
  g_string_set_size (path, directory->path_length);
  for (const BkTreeDirectory *at = directory; at->parent != NULL; at = at->parent)
    {
      gsize start = at->parent->path_length;

      if (start > 0)
        path->str[start++] = '/';
      memcpy (path->str + start, at->name, at->path_length - start);
    }
}

typedef struct
{
  gsize used_bytes;
  gsize size_bytes;
  guint size_count;
} Room;

static void
add_name (BkTreeDirectory *directory, Room *room, const char *name, gsize length)
{
  if (room->used_bytes + length + 1 > room->size_bytes)
    {
      room->size_bytes = MAX (room->size_bytes * 2, 2048);
      directory->names = g_realloc (directory->names, room->size_bytes);
    }
  if (directory->count == room->size_count)
    {
      room->size_count = MAX (room->size_count * 2, 64);
      directory->offsets = g_realloc_n (directory->offsets, room->size_count, sizeof (guint32));
    }
  memcpy (directory->names + room->used_bytes, name, length + 1);
  directory->offsets[directory->count++] = (guint32) room->used_bytes;
  room->used_bytes += length + 1;
}

/* The next name on the way from here to each source below. */
static void
list_bridge (BkTreeDirectory *directory, const BkTreeRules *rules, BkTreeScratch *scratch)
{
  gsize skip = directory->path_length == 0 ? 0 : directory->path_length + 1;
  Room room = { 0 };

  bk_tree_directory_put_path (directory, scratch->path);
  for (char **source = rules->sources; *source != NULL; source++)
    {
      if (skip > 0 && !bk_tree_path_is_below (*source, scratch->path->str))
        continue;

      gsize length = strcspn (*source + skip, "/");
      g_autofree char *name = g_strndup (*source + skip, length);
      if (directory->count == 0 ||
          strcmp (bk_tree_directory_name (directory, directory->count - 1), name) != 0)
        add_name (directory, &room, name, length);
    }
}

static gboolean
list_entries (BkTreeDirectory *directory, BkTreeScratch *scratch)
{
  Room room = { 0 };

  while (TRUE)
    {
      long n = syscall (SYS_getdents64, directory->fd, scratch->entries, sizeof scratch->entries);

      if (n < 0)
        {
          directory->errnum = errno;
          return FALSE;
        }
      if (n == 0)
        return TRUE;
      for (long at = 0; at < n;)
        {
          const KernelEntry *entry = (const void *) (scratch->entries + at);
          const char *name = entry->name;

          at += entry->length;
          if (name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0')))
            continue;
          gsize length = strlen (name);
          if (room.used_bytes + length + 1 > G_MAXUINT32)
            {
              directory->errnum = EFBIG;
              return FALSE;
            }
          add_name (directory, &room, name, length);
        }
    }
}

static int
compare_offsets (const void *a, const void *b, void *names)
{
  return strcmp ((const char *) names + *(const guint32 *) a,
                 (const char *) names + *(const guint32 *) b);
}

/**
 * bk_tree_directory_list:
 * @directory: open, or a bridge; gets its names, sorted bytewise
 *
 * Returns: %FALSE with directory->errnum when the listing broke off.
 */
gboolean
bk_tree_directory_list (BkTreeDirectory *directory,
                        const BkTreeRules *rules,
                        BkTreeScratch *scratch)
{
  if (directory->is_bridge)
    {
      list_bridge (directory, rules, scratch); /* as the sources are: sorted */
      return TRUE;
    }
  if (!list_entries (directory, scratch))
    return FALSE;
  if (directory->count > 1)
    qsort_r (directory->offsets, directory->count, sizeof (guint32), compare_offsets,
             directory->names);
  return TRUE;
}
