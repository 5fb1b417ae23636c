#pragma once

#include "ops/vm/run.h"

gboolean bk_vm_recover (BkVmRun *run, GError **error);
gboolean bk_vm_recover_checkpoints (BkVmRun *run, GError **error);
