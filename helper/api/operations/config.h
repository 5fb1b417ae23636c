#pragma once

#include "api/operation.h"

extern const BkOperation bk_operation_config_get;
extern const BkOperation bk_operation_config_set;
