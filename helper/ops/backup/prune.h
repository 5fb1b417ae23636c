#pragma once

#include "base/reporter.h"
#include "store/repository/repository.h"

/* What a prune would remove, or has removed. */
typedef struct
{
  GPtrArray *backups; /* of BkBackup */
  guint64 size_bytes;
  guint failed_count; /* that could not be removed; the log says why */
} BkPrune;

void bk_prune_clear (BkPrune *prune);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BkPrune, bk_prune_clear)

gboolean bk_prune_plan (BkRepository *repository,
                        guint days,
                        gint64 now_usecs,
                        BkPrune *prune,
                        GCancellable *cancellable,
                        GError **error);
gboolean bk_prune_execute (BkRepository *repository,
                           BkPrune *prune,
                           const char *job_id,
                           BkReporter *reporter,
                           GCancellable *cancellable,
                           GError **error);
