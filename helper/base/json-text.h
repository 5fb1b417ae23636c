#pragma once

#include <gio/gio.h>

/*
 * JSON at the level of its text, where json-glib's trees lose what matters: the very bytes a hash
 * is made of. All take texts whose syntax was checked before (bk_json_is_strict(), or a reader that
 * checks as it goes).
 */

gsize bk_json_unescape (const char *data, gsize length_bytes, char *out);
void bk_json_append_string (GString *out, const char *data, gsize length_bytes);
gboolean
bk_json_append_canonical (GString *out, const char *text, gsize length_bytes, GError **error);
