#pragma once

#include <glib.h>

/* Reads a file of zstd frames, one after the other, as the bytes they hold. */

typedef struct _BkZstdSource BkZstdSource;

BkZstdSource *bk_zstd_source_new (int fd, guint64 start_bytes, guint64 end_bytes, const char *name);
gboolean bk_zstd_source_read (
    BkZstdSource *source, void *data, gsize length_bytes, gsize *read_bytes, GError **error);
void bk_zstd_source_free (BkZstdSource *source);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkZstdSource, bk_zstd_source_free)
