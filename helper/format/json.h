#pragma once

#include <json-glib/json-glib.h>

/*
 * JSON that came from a file or a peer is hostile until checked: grammar and nesting are held
 * against RFC 8259 before it is parsed (base/json-strict), and each member is read through one of
 * these, which say what is wrong with which member of what.
 */

JsonObject *
bk_json_parse_object (const char *text, gssize length_bytes, const char *what, GError **error);
char *bk_json_to_text (JsonNode *node, gboolean pretty);
JsonNode *bk_json_object_node (JsonObject *object);

gboolean bk_json_string (
    JsonObject *object, const char *name, const char *what, const char **value, GError **error);
gboolean bk_json_string_or_null (
    JsonObject *object, const char *name, const char *what, const char **value, GError **error);
gboolean bk_json_count (JsonObject *object,
                        const char *name,
                        const char *what,
                        guint64 max,
                        guint64 *value,
                        GError **error);
gboolean bk_json_array (JsonObject *object,
                        const char *name,
                        const char *what,
                        guint max_length,
                        JsonArray **value,
                        GError **error);
gboolean bk_json_object (
    JsonObject *object, const char *name, const char *what, JsonObject **value, GError **error);
gboolean bk_json_time_or_zero (
    JsonObject *object, const char *name, const char *what, gint64 *usecs, GError **error);

void bk_json_set_string_or_null (JsonObject *object, const char *name, const char *value);
void bk_json_set_time_or_null (JsonObject *object, const char *name, gint64 usecs);
