#include "api/operation.h"

/* The table. Each group of operations stands in a file of its own, api/ops-<group>.c. */
static const BkOperation *const operations[] = {
  NULL,
};

/**
 * bk_operation_all:
 *
 * Returns: (transfer none): every operation, closed by %NULL.
 */
const BkOperation *const *
bk_operation_all (void)
{
  return operations;
}
