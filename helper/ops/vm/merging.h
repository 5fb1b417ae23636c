#pragma once

#include "model/backup.h"
#include "store/repository/cycle-file.h"
#include "store/repository/repository.h"

/* What an unfinished consolidation means for one of a VM's backups. */
typedef enum
{
  BK_MERGING_NOT,    /* nothing: it is what its metadata say */
  BK_MERGING_NEWEST, /* its base is being written into, and it reads as it did all the same */
  BK_MERGING_OLDER,  /* its base is being written into: it does not read as it did */
  BK_MERGING_DONE,   /* it was merged; what is left of it is removed by the next run */
} BkMergingRole;

typedef struct
{
  BkMergingRole role;
  BkCycle *cycle; /* (nullable) */
} BkMerging;

gboolean bk_vm_merging_look (BkRepository *repository,
                             const BkBackup *backup,
                             BkMerging *merging,
                             GError **error);
void bk_vm_merging_clear (BkMerging *merging);
gboolean bk_vm_merging_writes (const BkMerging *merging, const BkBackup *backup, const char *file);
gboolean
bk_vm_merging_check_usable (const BkMerging *merging, const BkBackup *backup, GError **error);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BkMerging, bk_vm_merging_clear)
