#pragma once

#include "model/tree-settings.h"

#include <json-glib/json-glib.h>

/*
 * The members "storages" and "backups" of config.json:
 *
 *   "storages": { "daily": { "type": "incremental", "max_generations": 4, "full_interval": 7,
 *                            "compression_mode": "zstd", "base_dir": "/backups/incr" } }
 *   "backups": [ { "name": "databases", "storage": "daily", "schedule": "0 2 * * *",
 *                  "sources": [ { "path": "/var/lib/postgresql" } ], "excludes": [ "*.pid" ] } ]
 */

BkTreeSettings *bk_tree_settings_from_json (JsonObject *config, GError **error);
