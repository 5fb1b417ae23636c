#pragma once

#include <archive_entry.h>
#include <glib.h>
#include <sys/stat.h>

/*
 * Something in a file tree, opened to be archived: its state is read once, from the open file,
 * before its content is. Symbolic links, devices and pipes are never opened.
 */

typedef struct
{
  guint64 offset_bytes;
  guint64 length_bytes;
} BkTreeExtent;

typedef struct
{
  int fd; /* -1: not a file or directory, or one that is not opened */
  struct stat st;
  char *symlink_target;
  GArray *extents; /* of BkTreeExtent: where a regular file has data */
  gboolean is_sparse;
} BkTreeObject;

void bk_tree_object_init (BkTreeObject *object);
void bk_tree_object_clear (BkTreeObject *object);
int bk_tree_object_open (BkTreeObject *object, int dirfd, const char *name, mode_t mode);
int bk_tree_object_find_extents (BkTreeObject *object);
int bk_tree_object_describe (const BkTreeObject *object,
                             int dirfd,
                             const char *name,
                             const char *path,
                             struct archive_entry *entry);
int bk_tree_object_read_extent (const BkTreeObject *object,
                                guint64 offset_bytes,
                                guint8 *data,
                                gsize length_bytes,
                                gboolean *is_short);
gboolean bk_tree_object_has_changed (const BkTreeObject *object);
