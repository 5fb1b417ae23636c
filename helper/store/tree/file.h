#pragma once

#include "store/tree/point.h"

/* The content of one regular file of a point, found in its archive by a search and read from there;
 * it holds all that it reads from. */

GInputStream *bk_tree_file_open (BkTreePoint *point,
                                 const char *path,
                                 guint8 origin,
                                 guint64 *size_bytes,
                                 GCancellable *cancellable,
                                 GError **error);
