#pragma once

#include "ops/tree/backup.h"
#include "ops/tree/chain.h"

/* What the steps of a tree's backup share: backup-decide.c (which backup is to be made),
 * backup-make.c (making it) and backup.c (the operation around them, and rotation). */

typedef struct
{
  const BkTreeBackupRequest *request;
  int project_fd;
  BkTreeChain *chain;
  GStrv sources;
  GStrv mounts; /* of the newest backup */
  BkTreeExcludes *excludes;
  BkGenerationFacts facts;
  BkGenerationPlan plan;
  char *generation;
  char *id;
  gint64 created_usecs;
} BkTreeBackupRun;

gboolean bk_tree_backup_observe (BkTreeBackupRun *run, GError **error);
void bk_tree_backup_decide (BkTreeBackupRun *run);
gboolean bk_tree_backup_execute (BkTreeBackupRun *run,
                                 BkTreeBackupResult *result,
                                 GCancellable *cancellable,
                                 GError **error);
