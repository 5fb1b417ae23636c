#pragma once

#include <glib.h>

#define BK_TREE_SOURCES_MAX 1000

GStrv bk_tree_sources_resolve (const char *const *paths, GError **error);
guint bk_tree_sources_count_missing (const char *const *sources);
gboolean bk_tree_mounts_are_missing (const char *const *mounts);
