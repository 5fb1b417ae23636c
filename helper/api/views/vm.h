#pragma once

#include "ops/vm/backup.h"
#include "ops/vm/list.h"
#include "ops/vm/plan.h"
#include "ops/vm/restore-plan.h"

#include <json-glib/json-glib.h>

/* JSON views of VMs; tests/golden/views has an example of each. */

JsonNode *bk_view_vm (const BkVmEntry *entry);
JsonNode *bk_view_vm_removed (const char *uuid);
JsonNode *bk_view_vm_list_result (guint count, const GPtrArray *unused_images);
JsonObject *bk_view_vm_backup (const char *vm, const BkVmBackupOutcome *outcome);
JsonObject *bk_view_vm_planned (const BkVmPlanned *planned);
JsonNode *bk_view_vm_restore_plan (const BkVmRestorePlan *plan);
