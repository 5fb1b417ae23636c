#pragma once

#include <glib.h>

/*
 * Times are microseconds since 1970 in UTC (g_get_real_time()). They come in from outside the
 * model; here they only change their form. All texts are UTC.
 *
 * | form     | example                      | where                       |
 * | compact  | 20261120_020000              | names of VM backups         |
 * | dashed   | 2026-11-20T02-00-00          | names of tree backups, of exports |
 * | date     | 2026-11-20                   | generations, log files      |
 * | ISO 8601 | 2026-11-20T02:00:00.000Z     | every JSON text             |
 */

#define BK_TIME_INVALID G_MININT64

char *bk_time_to_compact (gint64 usecs);
char *bk_time_to_dashed (gint64 usecs);
char *bk_time_to_date (gint64 usecs);
char *bk_time_to_iso (gint64 usecs);

gint64 bk_time_from_compact (const char *text);
gint64 bk_time_from_dashed (const char *text);
gint64 bk_time_from_iso (const char *text);
