#pragma once

#include "api/operation.h"

/* Completion for bash, made from the table. */

char *bk_completion_bash (const BkOperation *const *table);
