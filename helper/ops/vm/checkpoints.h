#pragma once

#include "ops/vm/run.h"

GStrv bk_vm_checkpoints_find (BkVmRun *run, const char *keep, GError **error);
gboolean bk_vm_checkpoints_settle (BkVmRun *run, GError **error);
