#pragma once

#include "model/backup.h"

/*
 * What may be removed, by rule or by hand. Facts and the time come in; nothing is removed here.
 *
 * No rule touches a Full-Merged, a pinned backup, or one that belongs to a cycle or a generation.
 */

gboolean bk_retention_is_protected (const BkBackup *backup);
GPtrArray *bk_retention_dependents (const BkBackup *backup, const GPtrArray *backups);
GPtrArray *bk_retention_all_dependents (const BkBackup *backup, const GPtrArray *backups);
GPtrArray *bk_retention_expired (const GPtrArray *backups, guint days, gint64 now_usecs);
