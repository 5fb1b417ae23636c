#include "api/operation.h"
#include "api/operations/backup.h"
#include "api/operations/config.h"
#include "api/operations/event-log.h"
#include "api/operations/export.h"
#include "api/operations/job.h"
#include "api/operations/keep.h"
#include "api/operations/log.h"
#include "api/operations/schedule.h"
#include "api/operations/tree-browse.h"
#include "api/operations/tree-restore.h"
#include "api/operations/tree-settings.h"
#include "api/operations/tree.h"
#include "api/operations/vm.h"

/* The table. Each group of operations stands in a file of its own, api/ops-<group>.c. */
/* clang-format off: one a line, so that two changes to it do not meet */
static const BkOperation *const operations[] = {
  &bk_operation_vm_list,
  &bk_operation_vm_backup,
  &bk_operation_tree_backup,
  &bk_operation_vm_restore,
  &bk_operation_vm_forget,
  &bk_operation_tree_restore,
  &bk_operation_event_log_list,
  &bk_operation_event_log_verify,
  &bk_operation_event_log_backup,
  &bk_operation_event_log_restore,
  &bk_operation_tree_inspect,
  &bk_operation_tree_list,
  &bk_operation_tree_set,
  &bk_operation_tree_remove,
  &bk_operation_tree_browse,
  &bk_operation_tree_download,
  &bk_operation_backup_list,
  &bk_operation_backup_info,
  &bk_operation_backup_verify,
  &bk_operation_backup_pin,
  &bk_operation_backup_delete,
  &bk_operation_prune,
  &bk_operation_backup_export,
  &bk_operation_log_query,
  &bk_operation_log_follow,
  &bk_operation_job_list,
  &bk_operation_job_follow,
  &bk_operation_job_cancel,
  &bk_operation_config_get,
  &bk_operation_config_set,
  &bk_operation_schedule_list,
  &bk_operation_schedule_set,
  NULL,
};
/* clang-format on */

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
