#pragma once

#include "store/log/reader.h"

gboolean bk_log_follow (BkLogReader *reader,
                        BkLogLineFunc func,
                        gpointer user_data,
                        GCancellable *cancellable,
                        GError **error);
