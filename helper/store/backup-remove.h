#pragma once

#include "model/backup.h"
#include "store/repository.h"

gboolean bk_backup_remove (BkRepository *repository, const BkBackup *backup, GError **error);
