#pragma once

#include "store/tree/point.h"

gboolean bk_tree_verify (BkRepository *repository,
                         const BkBackup *backup,
                         gboolean parent_is_whole,
                         GCancellable *cancellable,
                         GError **error);
