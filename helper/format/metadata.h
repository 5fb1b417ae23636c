#pragma once

#include "model/backup.h"

/*
 * metadata.json ⇄ BkBackup. The members are those of docs/design.md, in that order; the same
 * object is the view that channels, --json and HTTP show (tests/golden/views/backup.json).
 */

#define BK_METADATA_NAME "metadata.json"
#define BK_METADATA_MAX_BYTES (16 * 1024 * 1024)

JsonNode *bk_metadata_to_json (const BkBackup *backup, gboolean with_files);
BkBackup *bk_metadata_from_json (JsonObject *object, const char *what, GError **error);
BkBackup *bk_metadata_from_bytes (GBytes *bytes, const char *what, GError **error);
