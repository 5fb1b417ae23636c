#pragma once

#include <gio/gio.h>

/* What the temporary names of unfinished files begin with; whoever finds one later removes it. */
#define BK_TEMPORARY_PREFIX ".tmp-"

gboolean bk_atomic_write (
    int dirfd, const char *name, const void *data, gsize length_bytes, guint mode, GError **error);
gboolean bk_atomic_write_volatile (
    int dirfd, const char *name, const void *data, gsize length_bytes, guint mode, GError **error);
GBytes *bk_read_small_file (int dirfd, const char *name, gsize max_bytes, GError **error);
