#pragma once

#include "store/tree/point.h"

gboolean bk_tree_reconcile (BkTreePoint *point,
                            const BkTreeSelection *selection,
                            int target,
                            gboolean removes,
                            guint64 *extra_count,
                            GCancellable *cancellable,
                            GError **error);
