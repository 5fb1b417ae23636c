#pragma once

#include "api/operation.h"

extern const BkOperation bk_operation_backup_list;
extern const BkOperation bk_operation_backup_info;
