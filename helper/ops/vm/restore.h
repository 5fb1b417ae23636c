#pragma once

#include "base/reporter.h"
#include "model/restore-journal.h"
#include "store/repository/repository.h"
#include "vm/hypervisor.h"

typedef struct
{
  const char *full_id;
  BkRestoreMode mode;
  const char *name;      /* of the new VM */
  const char *directory; /* absolute: where images go; not used in place */
  gboolean overwrite;    /* images of that name in the directory are replaced */
  const char *job_id;
} BkVmRestoreRequest;

typedef struct
{
  char *vm;
  char *uuid;       /* (nullable) of a VM that was defined, or restored in place */
  GPtrArray *files; /* of char *, absolute */
  guint64 size_bytes;
} BkVmRestoreOutcome;

void bk_vm_restore_outcome_clear (BkVmRestoreOutcome *outcome);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BkVmRestoreOutcome, bk_vm_restore_outcome_clear)

gboolean bk_vm_restore (const BkVmRestoreRequest *request,
                        BkRepository *repository,
                        BkHypervisor *hypervisor,
                        BkReporter *reporter,
                        GCancellable *cancellable,
                        BkVmRestoreOutcome *outcome,
                        GError **error);
