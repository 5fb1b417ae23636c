#pragma once

#include "api/operation.h"

/* What is done to backups that exist: verify, pin, delete, prune. */

extern const BkOperation bk_operation_backup_verify;
extern const BkOperation bk_operation_backup_pin;
extern const BkOperation bk_operation_backup_delete;
extern const BkOperation bk_operation_prune;
