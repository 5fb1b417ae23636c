#pragma once

#include "model/restore-journal.h"
#include "ops/vm/chain.h"
#include "ops/vm/run.h"

/* A restore of one of a project's backups: the lock that no other has, and its journal. */
typedef struct
{
  BkRepository *repository;
  BkHypervisor *hypervisor;
  BkReporter *reporter;
  char *project_id;
  int project;
  BkLock *lock;
} BkRestoring;

BkRestoring *bk_restoring_open (BkRepository *repository,
                                BkHypervisor *hypervisor,
                                BkReporter *reporter,
                                const char *project_id,
                                const char *job_id,
                                GError **error);
void bk_restoring_free (BkRestoring *restoring);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkRestoring, bk_restoring_free)

gboolean bk_restore_recover (BkRestoring *restoring, const char *job_id, GError **error);
gboolean bk_restore_recover_for_run (BkVmRun *run, GError **error);
gboolean bk_restore_end_cycle (BkVmRun *run, GError **error);
