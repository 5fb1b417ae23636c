#pragma once

#include "ops/tree-backup.h"

#include <json-glib/json-glib.h>

JsonNode *
bk_view_tree_backup (const char *name, const char *project_id, const BkTreeBackupResult *result);
