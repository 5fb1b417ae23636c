#pragma once

#include "base/reporter.h"
#include "ops/tree/chain.h"

gboolean bk_tree_remove_leftovers (int project_fd, GError **error);
gboolean bk_tree_remove_generation (int project_fd, const char *name, GError **error);
gboolean bk_tree_verify_backup (int dirfd,
                                const BkBackup *backup,
                                GCancellable *cancellable,
                                GError **error);
GStrv bk_tree_rotate (
    int project_fd, const BkTreeChain *chain, guint max_count, gboolean is_plan, GError **error);
