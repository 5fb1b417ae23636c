#pragma once

#include "base/reporter.h"
#include "model/backup.h"
#include "model/tree-settings.h"
#include "ops/tree/write.h"
#include "store/repository/repository.h"

/*
 * tree.backup: a full or an incremental of one tree, as the policy of its storage says.
 *
 * A full is made in a directory with a temporary name and appears with its generation, whole, by
 * one rename. An incremental's archive and manifest get their names first; they count once its
 * metadata is there. Generations past the number to keep go only after a new full has been read
 * back from the disk.
 */

/* Everything in it is borrowed for the call. */
typedef struct
{
  BkRepository *repository;
  const BkTreeTask *task;
  const BkTreeStorage *storage;
  const char *project_id;
  const char *job_id;
  gboolean full_requested;
  BkReporter *reporter; /* (nullable) */
} BkTreeBackupRequest;

typedef struct
{
  BkGenerationPlan plan;
  char *generation;
  GStrv rotated;          /* generations that were, or would be, removed */
  BkBackup *backup;       /* (nullable) with a plan: nothing was done */
  BkTreeWritten *written; /* (nullable) likewise */
  gint64 duration_usecs;
} BkTreeBackupResult;

char *bk_tree_project_id (const BkTreeTask *task);
BkTreeBackupResult *bk_tree_backup_plan (const BkTreeBackupRequest *request, GError **error);
BkTreeBackupResult *
bk_tree_backup_run (const BkTreeBackupRequest *request, GCancellable *cancellable, GError **error);
void bk_tree_backup_result_free (BkTreeBackupResult *result);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkTreeBackupResult, bk_tree_backup_result_free)
