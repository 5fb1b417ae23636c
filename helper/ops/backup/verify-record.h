#pragma once

#include "model/backup.h"
#include "store/repository/repository.h"

#include <gio/gio.h>

void bk_backup_verify_record (BkRepository *repository,
                              const BkBackup *backup,
                              const GError *failure,
                              gint64 now_usecs,
                              const char *job_id);
