#pragma once

#include "store/log/file.h"

gboolean bk_log_find_last (int log_dirfd,
                           const char *name,
                           const BkLogFilter *filter,
                           guint64 limit_count,
                           guint64 *offset_bytes,
                           guint64 *found_count,
                           GCancellable *cancellable,
                           GError **error);
