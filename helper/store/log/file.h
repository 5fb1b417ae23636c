#pragma once

#include "format/log-line.h"

#include <gio/gio.h>

/*
 * Log files: <log_dir>/<project, '/' as '-'>_YYYY-MM-DD.log, the day in UTC, one JSON line an
 * entry. Two projects can share a file by that rule; every line names its project, and readers go
 * by that.
 */

int bk_log_dir_open (const char *path, GError **error);
char *bk_log_file_name (const char *project_id, gint64 now_usecs);
gboolean bk_log_file_name_is_valid (const char *name);
const char *bk_log_file_name_date (const char *name);
gboolean bk_log_append (int log_dirfd, const BkLogLine *line, GError **error);
gboolean bk_log_prune (
    int log_dirfd, guint keep_days, gint64 now_usecs, guint *removed_count, GError **error);
