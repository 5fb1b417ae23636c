#pragma once

#include "api/operation.h"

extern const BkOperation bk_operation_event_log_verify;
extern const BkOperation bk_operation_event_log_backup;
extern const BkOperation bk_operation_event_log_restore;
extern const BkOperation bk_operation_event_log_list;
