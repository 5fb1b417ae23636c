#pragma once

#include "base/reporter.h"
#include "model/backup.h"
#include "store/repository/repository.h"

/* What deleting one backup would do, as things are now. */
typedef struct
{
  GPtrArray *removals; /* of BkBackup, in the order of their removal; the one that was named last */
  guint64 size_bytes;
  gboolean asks_for_name; /* it is a Full-Merged, or pinned */
  char *cycle_vm;         /* (nullable) the VM whose active cycle one of them belongs to */
  char *job_id;           /* (nullable) the job that works on the project now */
} BkBackupDeletePlan;

GPtrArray *bk_backup_delete (BkRepository *repository,
                             const char *full_id,
                             const char *confirm,
                             gboolean with_dependents,
                             const char *job_id,
                             BkReporter *reporter,
                             GError **error);
gboolean bk_backup_delete_plan (BkRepository *repository,
                                const char *full_id,
                                BkBackupDeletePlan *plan,
                                GError **error);
void bk_backup_delete_plan_clear (BkBackupDeletePlan *plan);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BkBackupDeletePlan, bk_backup_delete_plan_clear)

gboolean bk_backup_delete_recover (BkRepository *repository,
                                   const char *project_id,
                                   BkReporter *reporter,
                                   GError **error);
