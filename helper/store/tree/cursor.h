#pragma once

#include "store/tree/archive.h"

/*
 * Taking many members, in ascending order, out of one archive: what lies between two of them is
 * read over while that is little, and jumped over where it is much and the archive can seek.
 */

typedef struct
{
  BkTreeArchiveReader *reader;
  const BkTreeArchiveMember *member; /* (nullable) where the reader stands */
  gboolean is_placed;                /* the reader goes on from somewhere before what is wanted */
} BkTreeCursor;

gboolean bk_tree_cursor_seek (BkTreeCursor *cursor,
                              const char *path,
                              GCancellable *cancellable,
                              GError **error);
