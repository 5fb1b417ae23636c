#pragma once

#include "ops/vm/restore.h"

/* What stands in the way of a restore, and which parameter could get it out of the way. */
typedef struct
{
  const char *field; /* (nullable): "as", "directory" */
  GError *error;
} BkRestoreObstacle;

typedef struct
{
  char *target;
  char *path;
  char *format;
  guint64 capacity_bytes;
  gboolean replaces; /* a file of that name is there */
} BkRestorePlanFile;

/* What a restore would do, as things are now. */
typedef struct
{
  BkRestoreMode mode;
  char *backup_id;      /* in full */
  char *vm;             /* that will be defined, or whose disks are replaced; else whose they are */
  GPtrArray *reads;     /* of char *: ids of the backups whose files are read, the oldest first */
  GPtrArray *files;     /* of BkRestorePlanFile */
  GPtrArray *obstacles; /* of BkRestoreObstacle */
  guint64 needed_bytes; /* at most */
  guint64 free_bytes;   /* where the files go; 0 if that is not known */
  gboolean ends_cycle;  /* the next backup begins a new one */
  char *job_id;         /* (nullable) the job that works on the project now */
  char *impassable;     /* (nullable) the directory that QEMU's user cannot pass */
} BkVmRestorePlan;

BkVmRestorePlan *bk_vm_restore_plan (const BkVmRestoreRequest *request,
                                     BkRepository *repository,
                                     BkHypervisor *hypervisor,
                                     GError **error);
void bk_vm_restore_plan_add_file (BkVmRestorePlan *plan,
                                  const char *target,
                                  const char *path,
                                  const char *format,
                                  guint64 capacity_bytes,
                                  gboolean replaces);
void bk_vm_restore_plan_add_obstacle (BkVmRestorePlan *plan, const char *field, GError *error);
BkVmRestorePlan *bk_vm_restore_plan_new (BkRestoreMode mode, const char *backup_id, const char *vm);
void bk_vm_restore_plan_free (BkVmRestorePlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkVmRestorePlan, bk_vm_restore_plan_free)
