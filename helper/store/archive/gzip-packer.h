#pragma once

#include <glib.h>

/* One piece of deflate data after the other, by ISA-L (see store/archive/gzip-ring.h). Not thread-safe. */

typedef struct _BkGzipPacker BkGzipPacker;

BkGzipPacker *bk_gzip_packer_new (void);
void bk_gzip_packer_free (BkGzipPacker *packer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkGzipPacker, bk_gzip_packer_free)

gsize bk_gzip_packed_max_bytes (gsize plain_bytes);
gsize bk_gzip_packer_pack (BkGzipPacker *packer,
                           const guint8 *plain,
                           gsize plain_bytes,
                           guint8 *packed,
                           gsize packed_size);
