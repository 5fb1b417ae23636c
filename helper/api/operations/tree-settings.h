#pragma once

#include "api/operation.h"

extern const BkOperation bk_operation_tree_list;
extern const BkOperation bk_operation_tree_set;
extern const BkOperation bk_operation_tree_remove;
