#pragma once

#include "model/cycle.h"

#include <json-glib/json-glib.h>

/*
 * manifest.json ⇄ BkCycle (docs/design.md, “On the disk”):
 *
 *   { "version": 1, "status": "active" | "consolidating", "vm", "uuid", "last_checkpoint_name",
 *     "max_incrementals", "backup_ids": [Base, Incremental …], "merged_id": null | id,
 *     "merge": "copy" | "clone" (while consolidating; without it: in place),
 *     "disks": { "<target>": { "base_full_file", "base_full_hash_sha256",
 *                              "incremental_files": [path …] } } }
 */

#define BK_CYCLE_MANIFEST_NAME "manifest.json"
#define BK_CYCLE_MANIFEST_MAX_BYTES (4 * 1024 * 1024)

char *bk_cycle_manifest_to_text (const BkCycle *cycle);
BkCycle *bk_cycle_manifest_from_bytes (GBytes *bytes, const char *what, GError **error);
