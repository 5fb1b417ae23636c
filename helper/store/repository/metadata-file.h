#pragma once

#include "model/backup.h"
#include "store/repository/repository.h"

gboolean
bk_metadata_file_rewrite (BkRepository *repository, const BkBackup *backup, GError **error);
