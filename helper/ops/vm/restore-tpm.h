#pragma once

#include "model/restore-journal.h"
#include "ops/vm/chain.h"
#include "vm/hypervisor.h"

/*
 * The state of a TPM, which is a directory: of a new VM where libvirt keeps it, under the UUID that the
 * restore made; of one restored to a directory beside the images, under a temporary name until all of
 * them have their places. Either is known by the journal alone, and nothing else is ever removed.
 */

char *bk_restore_tpm_path (const char *directory, const char *vm);
gboolean bk_restore_tpm_write (const BkRestoreJournal *journal,
                               const BkVmChain *chain,
                               BkHypervisor *hypervisor,
                               GError **error);
gboolean bk_restore_tpm_place (const BkRestoreJournal *journal, GError **error);
gboolean bk_restore_may_be_defined (const BkRestoreJournal *journal, BkHypervisor *hypervisor);
void bk_restore_tpm_remove (const BkRestoreJournal *journal, BkHypervisor *hypervisor);
