#pragma once

#include <json-glib/json-glib.h>

/* How deep objects and arrays may stand in each other in a text from outside. */
#define BK_JSON_DEPTH_MAX 64

gboolean bk_json_is_strict (const char *text, gsize length_bytes);
JsonNode *bk_json_parse (const char *text, gsize length_bytes, GError **error);
JsonObject *bk_json_parse_object (const char *text, gsize length_bytes, GError **error);
