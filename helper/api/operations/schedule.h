#pragma once

#include "api/operation.h"

extern const BkOperation bk_operation_schedule_list;
extern const BkOperation bk_operation_schedule_set;
