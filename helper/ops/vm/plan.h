#pragma once

#include "model/vm-plan.h"
#include "ops/vm/run.h"

/* What the next backup of one VM would do, as things are now. */
typedef struct
{
  char *vm;
  char *project_id;
  char *job_id; /* (nullable) the job that works on it now */
  BkVmPlan *plan;
} BkVmPlanned;

BkVmPlanned *bk_vm_plan (const BkVmBackupRequest *request,
                         const char *repository_dir,
                         BkHypervisor *hypervisor,
                         GError **error);
void bk_vm_planned_free (BkVmPlanned *planned);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkVmPlanned, bk_vm_planned_free)
