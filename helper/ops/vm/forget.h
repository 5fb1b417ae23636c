#pragma once

#include "ops/vm/run.h"

gboolean bk_vm_forget (BkVmRun *run, GError **error);
