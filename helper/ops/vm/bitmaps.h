#pragma once

#include "ops/vm/run.h"

gboolean bk_vm_bitmaps_remove_orphans (BkVmRun *run, GError **error);
