#pragma once

#include "model/cycle.h"
#include "model/vm.h"

/*
 * What a backup of a VM does, decided from facts and nothing else. A run does it; --plan and the
 * page's confirm dialog show it.
 */

/* A disk whose changes a checkpoint records. */
typedef struct
{
  char *target;
  gboolean is_lost;      /* its bitmap is missing or broken: what changed is not known */
  guint64 changed_bytes; /* since the checkpoint, where that can be asked; else 0 */
} BkRecordedDisk;

void bk_recorded_disk_free (BkRecordedDisk *disk);

typedef struct
{
  const BkVm *vm;
  const BkCycle *cycle; /* (nullable) what manifest.json records */
  guint max_incrementals;
  gboolean standalone;
  const char *const *exclude_disks; /* (nullable) targets, closed by NULL */
  const GPtrArray *recorded;  /* (nullable) of BkRecordedDisk: what the cycle's last checkpoint
                                     * records; NULL when the hypervisor has it no more */
  BkMergeMode merge;          /* as asked for */
  gboolean can_clone;         /* the file system shares blocks between files */
  guint64 bases_bytes;        /* on disk, of the cycle's base files */
  guint64 incrementals_bytes; /* and of all its incremental files */
  guint64 free_bytes;         /* where the repository is, or will be */
  const char *impassable;     /* (nullable) the directory that QEMU's user cannot pass */
  const char
      *former_name; /* (nullable) under which the VM has a cycle, and is not named any more */
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
  char *reason;           /* (nullable) a sentence, where a person would ask why */
  gboolean is_unexpected; /* in full this time only: the backup keeps the reason */
  gboolean records;       /* what changes from now on is recorded for the next backup */
  char *parent;           /* (nullable) of an incremental: the file it continues */
  guint64 needed_bytes;   /* at most; of an incremental 0 where it cannot be known before */
} BkPlanDisk;

typedef struct
{
  const char *code; /* a stable word */
  char *message;
  gboolean is_kept; /* with the backup: what a person who restores it should know */
} BkPlanWarning;

typedef struct
{
  const char *step;      /* base, incremental, consolidation or standalone */
  BkMergeMode merge;     /* of a consolidation: how, never auto */
  const char *reason;    /* a sentence */
  GPtrArray *disks;      /* of BkPlanDisk, in the order of the VM's definition */
  GPtrArray *warnings;   /* of BkPlanWarning */
  GPtrArray *removes;    /* of char *: ids of the backups that become part of another one */
  guint64 needed_bytes;  /* at most, as far as it is known before */
  guint64 certain_bytes; /* of these: without so many free it does not begin */
  guint64 free_bytes;
} BkVmPlan;

const BkPlanDisk *bk_vm_plan_find_disk (const BkVmPlan *plan, const char *target);
gboolean bk_vm_plan_makes_checkpoint (const BkVmPlan *plan);
BkVmPlan *bk_vm_plan_decide (const BkVmPlanFacts *facts, GError **error);
BkVmPlan *bk_vm_plan_new (void);
void bk_vm_plan_free (BkVmPlan *plan);
const char *bk_plan_action_to_string (BkPlanAction action);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkVmPlan, bk_vm_plan_free)
