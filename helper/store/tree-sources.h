#pragma once

#include <glib.h>

#define BK_TREE_SOURCES_MAX 1000

GStrv bk_tree_sources_resolve (const char *const *paths, GError **error);
