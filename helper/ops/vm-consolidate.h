#pragma once

#include "model/backup.h"
#include "ops/vm-run.h"

BkBackup *bk_vm_consolidate (BkVmRun *run, GError **error);
