#pragma once

#include "format/export-manifest.h"
#include "store/repository/repository.h"

#include <gio/gio.h>

/* Takes the bytes of the archive; FALSE ends the making of it. */
typedef gboolean (*BkExportBytesFunc) (const void *data, gsize length_bytes, gpointer user_data);

gboolean bk_export_write_tar (BkRepository *repository,
                              GPtrArray *files,
                              GBytes *manifest,
                              gint64 now_usecs,
                              BkExportBytesFunc func,
                              gpointer user_data,
                              GError **error);
