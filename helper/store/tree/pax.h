#pragma once

#include <glib.h>

void bk_tree_pax_append (GByteArray *tar, guint at, const char *keyword, const char *value);
