#pragma once

#include "ops/vm/chain.h"
#include "store/repository/point-writer.h"
#include "vm/hypervisor.h"

/*
 * What a VM is beside its disks, small files in data/: domain.xml (its definition), nvram (its UEFI
 * variables), tpm@<directory>@<file> (the state of its TPM, as swtpm keeps it).
 */

#define BK_STATE_DEFINITION "domain.xml"
#define BK_STATE_NVRAM "nvram"
#define BK_STATE_TPM_PREFIX "tpm@"

typedef struct
{
  gboolean misses_nvram; /* its UEFI variables are in a file that is not there */
  gboolean misses_tpm;   /* it has a TPM whose state is not there */
} BkVmStateMissing;

gboolean bk_vm_state_keep (BkPointWriter *writer,
                           BkHypervisor *hypervisor,
                           const char *uuid,
                           BkVmStateMissing *missing,
                           GError **error);
gboolean bk_vm_state_copy (const BkVmChain *chain, BkPointWriter *writer, GError **error);
gboolean bk_vm_state_has_tpm (const BkVmChain *chain);
gboolean bk_vm_state_restore_tpm (
    const BkVmChain *chain, const char *directory, uid_t uid, gid_t gid, GError **error);
