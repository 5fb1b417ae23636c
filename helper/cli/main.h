#pragma once

#include "api/operation.h"

int bk_cli_main (int argc, char **argv);
int bk_cli_run (const BkOperation *const *table, int argc, char **argv);
