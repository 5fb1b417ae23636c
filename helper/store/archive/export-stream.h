#pragma once

#include "store/archive/export-source.h"

/*
 * An export as it is downloaded: the gzip of bk_export_write_tar(), made while it is read. One
 * thread reads and hashes, the others and the reader's own compress, a few MiB lie between them
 * (store/archive/gzip-ring.h); nothing is written anywhere.
 */

#define BK_TYPE_EXPORT_STREAM (bk_export_stream_get_type ())
G_DECLARE_FINAL_TYPE (BkExportStream, bk_export_stream, BK, EXPORT_STREAM, GInputStream)

GInputStream *bk_export_stream_new (BkRepository *repository,
                                    GPtrArray *files,
                                    GBytes *manifest,
                                    gint64 now_usecs);
