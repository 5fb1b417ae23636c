#pragma once

#include "format/export-manifest.h"
#include "store/repository/repository.h"

#include <gio/gio.h>

/* Where the bytes of the archive go. */
typedef struct
{
  /* Where so many of the next bytes can be read to, at least one; bytes() is then given
   * that very place. %NULL ends the making of the archive. */
  guint8 *(*room) (gsize *room_bytes, gpointer user_data);
  /* Takes the next bytes. %FALSE ends the making of the archive. */
  gboolean (*bytes) (const void *data, gsize length_bytes, gpointer user_data);
  gpointer user_data;
} BkExportTarget;

gboolean bk_export_write_tar (BkRepository *repository,
                              GPtrArray *files,
                              GBytes *manifest,
                              gint64 now_usecs,
                              const BkExportTarget *target,
                              GError **error);
