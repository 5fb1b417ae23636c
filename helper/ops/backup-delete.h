#pragma once

#include "base/reporter.h"
#include "model/backup.h"
#include "store/repository.h"

gboolean bk_backup_delete (BkRepository *repository,
                           const char *full_id,
                           const char *confirm,
                           const char *job_id,
                           BkReporter *reporter,
                           GError **error);
