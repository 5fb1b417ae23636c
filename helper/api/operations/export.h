#pragma once

#include "api/operation.h"

extern const BkOperation bk_operation_backup_export;
