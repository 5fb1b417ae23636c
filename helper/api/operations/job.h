#pragma once

#include "api/operation.h"

extern const BkOperation bk_operation_job_list;
extern const BkOperation bk_operation_job_follow;
extern const BkOperation bk_operation_job_cancel;
