#pragma once

#include "model/restore-journal.h"

#include <gio/gio.h>

/*
 * restore.json, in a VM's project while one of its backups is restored:
 *
 *   { "version": 1, "mode": "directory" | "new" | "in-place", "state": "writing" | "placing",
 *     "backup_id": …, "vm": …, "uuid": … | null, "tag": 8 hexadecimal digits, "overwrite": 0 | 1,
 *     "paths": [absolute, …] }
 */

#define BK_RESTORE_JOURNAL_NAME "restore.json"
#define BK_RESTORE_JOURNAL_MAX_BYTES (8 * 1024 * 1024)

char *bk_restore_journal_to_text (const BkRestoreJournal *journal);
BkRestoreJournal *bk_restore_journal_from_bytes (GBytes *bytes, const char *what, GError **error);
