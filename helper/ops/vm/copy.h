#pragma once

#include "model/backup.h"
#include "ops/vm/run.h"

BkBackup *bk_vm_copy (BkVmRun *run, BkPointKind kind, GError **error);
