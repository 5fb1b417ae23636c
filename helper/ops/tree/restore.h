#pragma once

#include "base/reporter.h"
#include "store/repository/repository.h"
#include "store/tree/extract.h"

/* What is asked for. Everything in it is borrowed for the call. */
typedef struct
{
  const char *project_id;
  const char *backup_id;  /* (nullable) only this point */
  const char *generation; /* (nullable) only a point of this one */
  gint64 not_after_usecs; /* the newest point that is not newer; G_MAXINT64: the newest */
  const char *file;       /* (nullable) one file or directory: its absolute path at the source */
  const char *target;     /* absolute */
  gboolean overwrite;     /* into a target that is not empty */
  gboolean removes_extra; /* and what the manifest does not have is removed there */
} BkTreeRestoreRequest;

/* What it came to, or with a plan would. */
typedef struct
{
  BkBackup *backup; /* the point */
  char *generation;
  BkTreeExtractPlan plan;
  guint64 extra_count; /* names in the target that the manifest does not have */
  guint64 removed_count;
  guint64 warnings_count;
  BkTreeExtractResult extracted;
  gint64 duration_usecs;
} BkTreeRestoreOutcome;

void bk_tree_restore_outcome_clear (BkTreeRestoreOutcome *outcome);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BkTreeRestoreOutcome, bk_tree_restore_outcome_clear)

gboolean bk_tree_restore_plan (BkRepository *repository,
                               const BkTreeRestoreRequest *request,
                               BkTreeRestoreOutcome *outcome,
                               GCancellable *cancellable,
                               GError **error);
gboolean bk_tree_restore (BkRepository *repository,
                          const BkTreeRestoreRequest *request,
                          BkReporter *reporter,
                          BkTreeRestoreOutcome *outcome,
                          GCancellable *cancellable,
                          GError **error);

/* One entry of the manifest. Returning %FALSE with an error ends the listing. */
typedef gboolean (*BkTreeListFunc) (const BkTreeEntry *entry,
                                    const char *archive_name,
                                    gpointer user_data,
                                    GError **error);
gboolean bk_tree_restore_list (BkRepository *repository,
                               const BkTreeRestoreRequest *request,
                               BkTreeListFunc func,
                               gpointer user_data,
                               BkTreeRestoreOutcome *outcome,
                               GCancellable *cancellable,
                               GError **error);
