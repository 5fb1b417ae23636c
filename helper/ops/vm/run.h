#pragma once

#include "base/reporter.h"
#include "model/vm-point.h"
#include "ops/vm/facts.h"
#include "store/repository/cycle-file.h"
#include "store/repository/repository.h"

/*
 * One run on one VM: the project is locked, the VM and its cycle are read. The stages of a backup
 * (recover, copy, consolidate) get it and nothing else.
 */

typedef struct
{
  BkRepository *repository;
  BkHypervisor *hypervisor;
  const BkVmBackupRequest *request;
  BkReporter *reporter;
  GCancellable *cancellable;

  char *project_id;
  char *project_path; /* absolute, for QEMU, which opens by name */
  int project;        /* the same, by handle, for everything we do ourselves */
  BkLock *lock;
  BkVm *vm;
  BkCycle *cycle;  /* (nullable) */
  BkVmFacts facts; /* what the plan is decided from */
  BkVmPlan *plan;  /* (nullable) what this run does, once bk_vm_run_decide() was asked */
} BkVmRun;

gboolean bk_vm_request_check (const BkVmBackupRequest *request, GError **error);
BkVmRun *bk_vm_run_open (BkRepository *repository,
                         BkHypervisor *hypervisor,
                         BkReporter *reporter,
                         const BkVmBackupRequest *request,
                         GCancellable *cancellable,
                         GError **error);
BkVmRun *bk_vm_run_open_left (BkRepository *repository,
                              BkHypervisor *hypervisor,
                              BkReporter *reporter,
                              const BkVmBackupRequest *request,
                              GCancellable *cancellable,
                              GError **error);
void bk_vm_run_free (BkVmRun *run);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkVmRun, bk_vm_run_free)

void bk_vm_run_log (BkVmRun *run,
                    BkLogLevel level,
                    const char *backup_id,
                    const char *action,
                    const char *format,
                    ...) G_GNUC_PRINTF (5, 6);
void bk_vm_run_progress (BkVmRun *run, const char *step, guint64 done_bytes, guint64 total_bytes);
void bk_vm_run_set_cycle (BkVmRun *run, BkCycle *cycle);

gboolean bk_vm_run_observe (BkVmRun *run, GError **error);
gboolean bk_vm_run_decide (BkVmRun *run, GError **error);
gboolean bk_vm_run_check_space (BkVmRun *run, GError **error);
gboolean bk_vm_run_check_passable (BkVmRun *run, GError **error);
gboolean bk_vm_run_owns_file (const BkVmRun *run, const char *path);
gboolean bk_vm_find_free_time (int project, const char *vm, gint64 *usecs, GError **error);

/* Its machine: ops/vm/run-machine.c. */
gboolean bk_vm_run_has_checkpoint (BkVmRun *run, const char *name, gboolean *has, GError **error);
gboolean bk_vm_run_refresh (BkVmRun *run, GError **error);
gboolean bk_vm_run_start_paused (BkVmRun *run, GError **error);
void bk_vm_run_stop_again (BkVmRun *run);
gboolean bk_vm_run_recover_start (BkVmRun *run, GError **error);
gboolean bk_vm_run_delete_checkpoint (BkVmRun *run, const char *name, GError **error);

/* Hashing files of the project with progress: one running total over all of them. */
typedef struct
{
  BkVmRun *run;
  const char *step;
  guint64 done_bytes;
  guint64 total_bytes;
} BkHashing;

char *bk_vm_run_hash (BkHashing *hashing, const char *path, guint64 *size_bytes, GError **error);
gboolean bk_vm_run_file_size (BkVmRun *run, const char *path, guint64 *size_bytes, GError **error);
