#pragma once

#include "ops/backup/delete.h"

#include <json-glib/json-glib.h>

/* JSON views of what is done to backups; tests/golden/views has an example of each. */

JsonNode *bk_view_deleted (const char *full_id, const GPtrArray *deleted);
JsonNode *bk_view_delete_plan (const char *full_id, const BkBackupDeletePlan *plan);
