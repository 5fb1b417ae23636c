#pragma once

#include "ops/tree/backup.h"
#include "ops/tree/browse.h"

#include "model/tree-settings.h"

#include <json-glib/json-glib.h>

void bk_view_set_tree_path (JsonObject *object, const char *path);
JsonNode *
bk_view_tree_backup (const char *name, const char *project_id, const BkTreeBackupResult *result);
JsonNode *bk_view_tree_listed (const BkTreeListed *listed);
JsonNode *
bk_view_tree_browsed (const char *project_id, guint64 offset, const BkTreeBrowsed *browsed);
JsonNode *
bk_view_tree_task (const BkTreeTask *task, const BkTreeStorage *storage, const char *project_id);
