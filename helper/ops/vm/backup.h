#pragma once

#include "base/reporter.h"
#include "model/backup.h"
#include "model/cycle.h"
#include "ops/vm/run.h"

/* What one run on one VM made. */
typedef struct
{
  const char *step; /* a stable word: base, incremental, consolidation or standalone */
  BkBackup *backup;
  gint64 duration_usecs;
} BkVmBackupOutcome;

void bk_vm_backup_outcome_clear (BkVmBackupOutcome *outcome);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BkVmBackupOutcome, bk_vm_backup_outcome_clear)

gboolean bk_vm_backup (const BkVmBackupRequest *request,
                       BkRepository *repository,
                       BkHypervisor *hypervisor,
                       BkReporter *reporter,
                       GCancellable *cancellable,
                       BkVmBackupOutcome *outcome,
                       GError **error);
