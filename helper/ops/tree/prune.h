#pragma once

#include "base/reporter.h"
#include "model/tree-settings.h"
#include "store/repository/repository.h"

GPtrArray *bk_tree_prune (BkRepository *repository,
                          const BkTreeSettings *trees,
                          gboolean is_plan,
                          const char *job_id,
                          BkReporter *reporter,
                          guint *failed_count,
                          GCancellable *cancellable,
                          GError **error);
