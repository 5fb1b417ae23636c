#pragma once

#include <gio/gio.h>

/* gzip by ISA-L's igzip, level 1: over ten times gzip -6, and any tool unpacks it. */

#define BK_TYPE_GZIP_COMPRESSOR (bk_gzip_compressor_get_type ())
G_DECLARE_FINAL_TYPE (BkGzipCompressor, bk_gzip_compressor, BK, GZIP_COMPRESSOR, GObject)

GConverter *bk_gzip_compressor_new (void);
