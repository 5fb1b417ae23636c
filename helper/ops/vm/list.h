#pragma once

#include "model/backup.h"
#include "model/cycle.h"
#include "store/repository/repository.h"
#include "vm/hypervisor.h"

/* One line of the list: a VM, and how it is protected. */
typedef struct
{
  const BkVm *vm;        /* borrowed: it outlives the entry */
  BkBackup *last_backup; /* (nullable) the newest completed one */
  BkCycleStep next_step;
  guint incrementals_count;
  guint max_incrementals;
  char *job_id;        /* (nullable) of the job that works on it now */
  GPtrArray *warnings; /* of BkVmWarning */
} BkVmEntry;

typedef struct
{
  const char *code; /* a stable word */
  char *message;
} BkVmWarning;

void bk_vm_entry_free (BkVmEntry *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkVmEntry, bk_vm_entry_free)

BkVmEntry *bk_vm_entry_new (const BkVm *vm, BkRepository *repository, guint max_incrementals);
GPtrArray *bk_vm_list_unused_images (BkHypervisor *hypervisor,
                                     const GPtrArray *vms,
                                     GCancellable *cancellable,
                                     GError **error);
