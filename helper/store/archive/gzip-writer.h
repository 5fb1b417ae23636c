#pragma once

#include "base/digest.h"

/* Bytes → one gzip member in a file, by ISA-L (fifteen times as fast as zlib, 7 % larger), and the
 * SHA-256 of what is written. */

typedef struct _BkGzipWriter BkGzipWriter;

BkGzipWriter *bk_gzip_writer_new (int fd, const char *where);
void bk_gzip_writer_free (BkGzipWriter *writer);
gboolean
bk_gzip_writer_write (BkGzipWriter *writer, const void *data, gsize length_bytes, GError **error);
gboolean bk_gzip_writer_close (BkGzipWriter *writer,
                               guint64 *size_bytes,
                               char sha256_hex[BK_SHA256_HEX_LENGTH + 1],
                               GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkGzipWriter, bk_gzip_writer_free)
