#pragma once

#include "api/operation.h"

/* Help texts, made from the table. */

char *bk_help_program (const BkOperation *const *table);
char *bk_help_operation (const BkOperation *operation);
