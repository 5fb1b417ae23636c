#pragma once

#include "ops/vm/run.h"

gboolean bk_vm_verify_family (BkVmRun *run, GError **error);
gboolean bk_vm_verify_incrementals (BkVmRun *run, GError **error);
