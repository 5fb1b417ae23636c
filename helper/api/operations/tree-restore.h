#pragma once

#include "api/operation.h"

extern const BkOperation bk_operation_tree_restore;
