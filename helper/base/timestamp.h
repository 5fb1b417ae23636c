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

/**
 * bk_time_nsecs:
 * @seconds: since 1970; any a file can have, or a hostile tar say
 * @nsecs: of that second
 *
 * Returns: nanoseconds since 1970; the nearest that 64 bits have for a time before 1677 or after 2262.
 */
static inline gint64
bk_time_nsecs (gint64 seconds, guint32 nsecs)
{
  gint64 time;

  if (__builtin_mul_overflow (seconds + (seconds < 0), G_GINT64_CONSTANT (1000000000), &time) ||
      __builtin_add_overflow (time, (gint64) nsecs - (seconds < 0 ? 1000000000 : 0), &time))
    return seconds < 0 ? G_MININT64 : G_MAXINT64;
  return time;
}

char *bk_time_to_compact (gint64 usecs);
char *bk_time_to_dashed (gint64 usecs);
char *bk_time_to_date (gint64 usecs);
char *bk_time_to_iso (gint64 usecs);

gint64 bk_time_from_compact (const char *text);
gint64 bk_time_from_dashed (const char *text);
gint64 bk_time_from_iso (const char *text);
