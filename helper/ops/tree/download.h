#pragma once

#include "ops/tree/open.h"

GInputStream *bk_tree_download_open (BkRepository *repository,
                                     const BkTreeWhich *which,
                                     const char *path,
                                     char **file_name,
                                     guint64 *size_bytes,
                                     GCancellable *cancellable,
                                     GError **error);
