#pragma once

#include <gio/gio.h>

/*
 * Bytes in, one gzip member out, compressed by all processors: a ring of pieces that are compressed
 * each by itself and taken out in their order. One thread writes, one reads; the reader compresses
 * too instead of waiting. Pieces that would not become smaller are stored: no other thread sees them.
 *
 * A piece is deflate data that end at a byte and refer to nothing before them (a “full flush”), so
 * that pieces put after each other are one deflate stream for any tool.
 */

typedef struct _BkGzipRing BkGzipRing;

BkGzipRing *bk_gzip_ring_new (void);
void bk_gzip_ring_free (BkGzipRing *ring);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkGzipRing, bk_gzip_ring_free)

guint8 *bk_gzip_ring_room (BkGzipRing *ring, gsize *room_bytes);
gboolean bk_gzip_ring_write (BkGzipRing *ring, const void *data, gsize length_bytes);
void bk_gzip_ring_end (BkGzipRing *ring, const GError *failure);

gssize bk_gzip_ring_read (
    BkGzipRing *ring, void *buffer, gsize count, GCancellable *cancellable, GError **error);
void bk_gzip_ring_stop (BkGzipRing *ring);
