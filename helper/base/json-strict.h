#pragma once

#include <glib.h>

/* How deep objects and arrays may stand in each other in a text from outside. */
#define BK_JSON_DEPTH_MAX 32

gboolean bk_json_is_strict (const char *text, gsize length_bytes);
