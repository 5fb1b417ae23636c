#pragma once

#include "base/reporter.h"
#include "model/backup.h"
#include "store/repository/repository.h"

BkBackup *bk_backup_pin (BkRepository *repository,
                         const char *full_id,
                         const char *label,
                         const char *job_id,
                         BkReporter *reporter,
                         GCancellable *cancellable,
                         GError **error);
