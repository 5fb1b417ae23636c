#pragma once

#include <glib.h>

/* Two directories, entry by entry: content, mode, owner, times, attributes, hard links, holes. */
void assert_trees_equal (const char *one, const char *other);
