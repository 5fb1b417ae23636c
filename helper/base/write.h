#pragma once

#include <glib.h>

gboolean bk_write_all (int fd, const void *data, gsize length_bytes);
gboolean bk_write_all_at (int fd, const void *data, gsize length_bytes, guint64 offset_bytes);
