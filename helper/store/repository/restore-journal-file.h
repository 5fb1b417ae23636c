#pragma once

#include "base/lock.h"
#include "format/restore-journal-json.h"

/* restore.json in a project's directory, and the lock of the one restore that writes it. */

/* Beside the project's own lock: a backup and a restore do not keep each other waiting. */
#define BK_RESTORE_LOCK_NAME ".restore.lock"

gboolean bk_restore_journal_load (int project,
                                  const char *project_id,
                                  BkRestoreJournal **journal,
                                  GError **error);
gboolean bk_restore_journal_save (int project, const BkRestoreJournal *journal, GError **error);
gboolean bk_restore_journal_remove (int project, GError **error);
gboolean bk_restore_journal_is_absent (int project);
gboolean bk_restore_journal_owns_name (const char *name);
