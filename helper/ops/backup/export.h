#pragma once

#include "store/repository/repository.h"

GInputStream *bk_backup_export_open (BkRepository *repository,
                                     const char *const *full_ids,
                                     gint64 now_usecs,
                                     GCancellable *cancellable,
                                     GError **error);
char *bk_backup_export_file_name (gint64 now_usecs);
