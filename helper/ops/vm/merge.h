#pragma once

#include "ops/fraction.h"
#include "ops/vm/run.h"

gboolean
bk_vm_merge_in_place (BkVmRun *run, const BkCycleDisk *chain, BkFraction *progress, GError **error);
gboolean bk_vm_merge_clone (BkVmRun *run,
                            const BkCycleDisk *chain,
                            int directory,
                            const char *path,
                            BkFraction *progress,
                            GError **error);
gboolean bk_vm_merge_copy (
    BkVmRun *run, const BkCycleDisk *chain, const char *path, BkFraction *progress, GError **error);
