#pragma once

#include "base/reporter.h"
#include "model/backup.h"
#include "model/cycle.h"
#include "store/repository.h"
#include "vm/hypervisor.h"

typedef struct
{
  const char *vm;         /* its name */
  const char *job_id;     /* who holds the project while it runs */
  guint max_incrementals; /* 1 to 255 */
} BkVmBackupRequest;

/* What one run on one VM made. */
typedef struct
{
  BkCycleStep step;
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
