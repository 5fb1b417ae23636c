#pragma once

#include "model/backup.h"
#include "ops/vm/run.h"

BkBackup *bk_vm_consolidate (BkVmRun *run, GError **error);
gboolean bk_vm_consolidate_recover (BkVmRun *run, GError **error);
