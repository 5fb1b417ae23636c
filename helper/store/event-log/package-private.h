#pragma once

#include "store/event-log/package.h"

/* How a package is read, by whoever checks it (package-check.c) and unpacks it (package-extract.c). */

/* Whoever gets the files of a package, one after the other. */
typedef struct
{
  gboolean (*begin) (const char *path, guint64 size_bytes, gpointer user_data, GError **error);
  gboolean (*data) (const void *data, gsize length_bytes, gpointer user_data, GError **error);
  gboolean (*end) (gpointer user_data, GError **error);
  gpointer user_data;
} BkEventPackageHandler;

gboolean bk_event_package_read (int fd,
                                const BkEventPackageHandler *handler,
                                GCancellable *cancellable,
                                GError **error);
gboolean bk_event_package_refuse (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);
