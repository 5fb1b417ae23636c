#pragma once

#include "api/operation.h"
#include "model/tree-settings.h"

extern const BkOperation bk_operation_tree_backup;
extern const BkOperation bk_operation_tree_inspect;

BkTreeSettings *bk_call_load_trees (const BkCall *call, GError **error);
