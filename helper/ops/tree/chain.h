#pragma once

#include "model/backup.h"
#include "model/generation.h"
#include "store/repository/repository.h"

/*
 * What is there of a tree: its generations, and the newest of them as the decision wants to know it.
 */

typedef struct
{
  GPtrArray *backups;     /* of BkBackup: all of the project, oldest first */
  GPtrArray *generations; /* of char *: the names of those there are, oldest first */
  const BkBackup *last;   /* (nullable) newest completed of the newest generation */
  const BkBackup *full;   /* (nullable) its full */
  BkChainState state;
  guint last_sequence;
} BkTreeChain;

BkTreeChain *bk_tree_chain_observe (BkRepository *repository,
                                    int project_fd,
                                    const char *project_id,
                                    GError **error);
void bk_tree_chain_free (BkTreeChain *chain);
gint64 bk_tree_backup_started (const BkBackup *backup);
const char *bk_tree_backup_generation (const BkBackup *backup);
const BkBackupFile *bk_tree_backup_file (const BkBackup *backup, gboolean manifest);
GArray *bk_tree_chain_list_generations (const BkTreeChain *chain);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkTreeChain, bk_tree_chain_free)
