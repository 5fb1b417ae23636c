#pragma once

#include "model/vm-plan.h"
#include "vm/hypervisor.h"

/* What is asked for. Borrowed for the run. */
typedef struct
{
  const char *vm;                   /* its name */
  const char *job_id;               /* who holds the project while it runs */
  guint max_incrementals;           /* 1 to 255 */
  gboolean standalone;              /* a full copy beside the cycle */
  const char *pin_label;            /* (nullable) a standalone copy that no rule removes */
  const char *const *exclude_disks; /* targets, closed by NULL */
  gboolean quiesce;  /* ask the guest to settle its file systems for the instant of the copy */
  guint limit_mib;   /* of the copy, per second; 0: none */
  gboolean verify;   /* read everything again at the end */
  BkMergeMode merge; /* of a consolidation */
  gboolean compress; /* by zstd, of a consolidation; implies a copy */
} BkVmBackupRequest;

/* What the plan of a VM's backup is decided from, as things are now. */
typedef struct
{
  BkVmPlanFacts facts; /* borrows */
  GPtrArray *recorded; /* of BkRecordedDisk */
  char *impassable;
  char *former_name;
} BkVmFacts;

gboolean bk_vm_facts_read (BkVmFacts *facts,
                           const BkVmBackupRequest *request,
                           const char *repository_dir,
                           int project,
                           BkHypervisor *hypervisor,
                           const BkVm *vm,
                           const BkCycle *cycle,
                           GError **error);
void bk_vm_facts_clear (BkVmFacts *facts);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BkVmFacts, bk_vm_facts_clear)
