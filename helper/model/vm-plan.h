#pragma once

#include "model/cycle.h"
#include "model/vm.h"

/*
 * What a backup of a VM would do, decided from facts and nothing else: --plan and the page's
 * confirm dialog show it.
 */

typedef struct
{
  const BkVm *vm;
  const BkCycle *cycle; /* (nullable) what manifest.json records */
  guint max_incrementals;
  gboolean standalone;
  const char *const *exclude_disks; /* (nullable) targets, closed by NULL */
  gboolean checkpoint_missing;      /* the cycle's last checkpoint is not libvirt's any more */
  guint64 incrementals_bytes;       /* on disk, of all the cycle's incremental files */
  guint64 free_bytes;               /* where the repository is, or will be */
  const char *impassable;           /* (nullable) the directory that QEMU's user cannot pass */
} BkVmPlanFacts;

typedef enum
{
  BK_PLAN_FULL,        /* copied in full */
  BK_PLAN_INCREMENTAL, /* what changed since the backup before */
  BK_PLAN_MERGE,       /* its incrementals are merged into its base */
  BK_PLAN_NONE,        /* left out */
} BkPlanAction;

typedef struct
{
  char *target;
  BkPlanAction action;
  char *reason;         /* (nullable) a sentence, where a person would ask why */
  guint64 needed_bytes; /* at most; of an incremental it is known only when it is done: 0 */
} BkPlanDisk;

typedef struct
{
  const char *code; /* a stable word */
  char *message;
} BkPlanWarning;

typedef struct
{
  const char *step;    /* base, incremental, consolidation or standalone */
  const char *reason;  /* a sentence */
  GPtrArray *disks;    /* of BkPlanDisk, in the order of the VM's definition */
  GPtrArray *warnings; /* of BkPlanWarning */
  GPtrArray *removes;  /* of char *: ids of the backups that become part of another one */
  guint64 needed_bytes;
  guint64 free_bytes;
} BkVmPlan;

BkVmPlan *bk_vm_plan_decide (const BkVmPlanFacts *facts, GError **error);
void bk_vm_plan_free (BkVmPlan *plan);
const char *bk_plan_action_to_string (BkPlanAction action);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkVmPlan, bk_vm_plan_free)
