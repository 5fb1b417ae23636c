#pragma once

#include <glib.h>

/* Bytes that compressing does not make smaller, as deflate data (RFC 1951, 3.2.4). */

gboolean bk_gzip_is_worth_compressing (const guint8 *plain, gsize plain_bytes);
gsize bk_gzip_stored_bytes (gsize plain_bytes);
gsize bk_gzip_stored_copy (
    const guint8 *plain, gsize plain_bytes, gsize offset_bytes, guint8 *to, gsize to_bytes);
