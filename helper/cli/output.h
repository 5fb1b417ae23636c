#pragma once

#include <gio/gio.h>

/* Where a command's results go: standard output, or a file that appears when it is whole. */

gboolean bk_output_print (const char *text, GError **error);
gboolean bk_output_flush (GError **error);

gboolean bk_output_stream (const char *path,
                           GInputStream *bytes,
                           const char *file_name,
                           char **written_path,
                           guint64 *size_bytes,
                           GCancellable *cancellable,
                           GError **error);
