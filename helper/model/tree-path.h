#pragma once

#include <glib.h>

/* Paths of tree backups: bytes as on disk, relative, names joined by single '/'. Not UTF-8. */

#define BK_TREE_PATH_MAX_BYTES 65535

int bk_tree_path_compare (const char *a, const char *b);
gboolean bk_tree_path_is_valid (const char *path);
gboolean bk_tree_path_is_below (const char *path, const char *directory);
