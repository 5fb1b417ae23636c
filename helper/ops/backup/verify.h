#pragma once

#include "base/reporter.h"
#include "model/backup.h"
#include "store/repository/repository.h"

gboolean bk_backup_verify (BkRepository *repository,
                           const BkBackup *backup,
                           gboolean with_parents,
                           GHashTable *verified,
                           BkReporter *reporter,
                           GCancellable *cancellable,
                           GError **error);
