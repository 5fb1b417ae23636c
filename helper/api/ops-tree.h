#pragma once

#include "api/operation.h"

extern const BkOperation bk_operation_tree_backup;
extern const BkOperation bk_operation_tree_inspect;
