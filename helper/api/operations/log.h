#pragma once

#include "api/operation.h"

extern const BkOperation bk_operation_log_query;
extern const BkOperation bk_operation_log_follow;
