#pragma once

#include "api/operation.h"

extern const BkOperation bk_operation_vm_list;
extern const BkOperation bk_operation_vm_backup;
extern const BkOperation bk_operation_vm_forget;
extern const BkOperation bk_operation_vm_restore;
