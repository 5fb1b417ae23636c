#pragma once

#include "model/backup.h"
#include "store/repository/repository.h"

gboolean bk_backup_remove (BkRepository *repository, const BkBackup *backup, GError **error);
gboolean bk_backup_remove_has_leftovers (BkRepository *repository, const char *project_id);
GPtrArray *
bk_backup_remove_leftovers (BkRepository *repository, const char *project_id, GError **error);
