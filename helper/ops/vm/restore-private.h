#pragma once

#include "ops/vm/restore-files.h"
#include "ops/vm/restore-recover.h"
#include "ops/vm/restore.h"

/* The checks that a restore makes before it writes, and that its plan shows. */

gboolean bk_vm_restore_check_name (const char *name, BkHypervisor *hypervisor, GError **error);
gboolean bk_vm_restore_check_directory (const BkVmRestoreRequest *request, GError **error);
gboolean bk_vm_restore_check_target (const BkVm *vm, const BkVmChain *chain, GError **error);
void bk_vm_restore_add_files (GPtrArray *files,
                              const BkVmChain *chain,
                              const char *directory,
                              const char *name);
gboolean bk_vm_restore_add_files_in_place (GPtrArray *files,
                                           const BkVmChain *chain,
                                           const BkVm *vm,
                                           GError **error);

void bk_vm_restore_explain (const char *vm, GError **failure);

/* A restore that is under way. */
typedef struct
{
  const BkVmRestoreRequest *request;
  BkRepository *repository;
  BkHypervisor *hypervisor;
  BkReporter *reporter;
  GCancellable *cancellable;
  BkVmChain *chain;
  BkRestoring *restoring; /* (nullable): the lock; nothing can be written to the repository */
  gboolean has_journal;   /* this restore keeps one: restore.json is not another one's */
  BkRestoreJournal *journal;
  GPtrArray *files;
  gboolean replaced; /* the VM has the restored disks: from here on only forward */
  BkVmRestoreOutcome *outcome;
} BkVmRestore;

gboolean bk_vm_restore_remove_journal (BkVmRestore *restore, GError **error);
gboolean bk_vm_restore_to_directory (BkVmRestore *restore, GError **error);
gboolean bk_vm_restore_as_new (BkVmRestore *restore, GError **error);
gboolean bk_vm_restore_in_place (BkVmRestore *restore, GError **error);
