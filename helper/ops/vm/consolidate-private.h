#pragma once

#include "ops/vm/consolidate.h"

gboolean bk_vm_consolidate_make (BkVmRun *run, GError **error);
