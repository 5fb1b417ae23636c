#pragma once

#include <glib.h>

/*
 * What a tree backup leaves out, in the manner of gitignore(5). Patterns and paths are bytes.
 *
 *   *.pid          every name that matches, at any depth
 *   cache/         a trailing '/': directories only
 *   tmp/?.part     a '/' within: from the source's directory on
 *   /var/tmp/x     a leading '/': the whole absolute path
 *   **             as one of the names between slashes: any number of directories
 *   !keep.pid      takes back what an earlier pattern left out; the last one that matches counts
 *
 * '*' and '?' do not match '/'; [a-z] and [!a-z] match one byte; '\' takes the next byte as it is.
 * What lies below a directory that is left out is not looked at, so "!" cannot take it back.
 */

#define BK_TREE_EXCLUDES_MAX 1000
#define BK_TREE_EXCLUDE_MAX_BYTES 4096

typedef struct _BkTreeExcludes BkTreeExcludes;

BkTreeExcludes *bk_tree_excludes_new (const char *const *patterns, GError **error);
void bk_tree_excludes_free (BkTreeExcludes *excludes);
gboolean bk_tree_excludes_match (const BkTreeExcludes *excludes,
                                 const char *path,
                                 gsize source_length,
                                 const char *name,
                                 gboolean is_directory);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkTreeExcludes, bk_tree_excludes_free)
