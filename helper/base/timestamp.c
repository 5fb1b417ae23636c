#include "base/timestamp.h"

#include <string.h>

static char *
format_utc (gint64 usecs, const char *format)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (usecs / G_USEC_PER_SEC);

  g_return_val_if_fail (utc != NULL, NULL);
  return g_date_time_format (utc, format);
}

/**
 * bk_time_to_compact:
 * @usecs: since 1970
 *
 * Returns: (transfer full): “YYYYMMDD_HHMMSS”, UTC.
 */
char *
bk_time_to_compact (gint64 usecs)
{
  return format_utc (usecs, "%Y%m%d_%H%M%S");
}

/**
 * bk_time_to_dashed:
 * @usecs: since 1970
 *
 * Returns: (transfer full): “YYYY-MM-DDTHH-MM-SS”, UTC.
 */
char *
bk_time_to_dashed (gint64 usecs)
{
  return format_utc (usecs, "%Y-%m-%dT%H-%M-%S");
}

/**
 * bk_time_to_date:
 * @usecs: since 1970
 *
 * Returns: (transfer full): “YYYY-MM-DD”, UTC.
 */
char *
bk_time_to_date (gint64 usecs)
{
  return format_utc (usecs, "%Y-%m-%d");
}

/**
 * bk_time_to_iso:
 * @usecs: since 1970
 *
 * Returns: (transfer full): “YYYY-MM-DDTHH:MM:SS.mmmZ”; below a millisecond is cut off.
 */
char *
bk_time_to_iso (gint64 usecs)
{
  g_autofree char *seconds = format_utc (usecs, "%Y-%m-%dT%H:%M:%S");

  return g_strdup_printf ("%s.%03dZ", seconds, (int) (usecs / 1000 % 1000));
}

/* @shape: '9' stands for a digit, everything else for itself. */
static gboolean
has_shape (const char *text, const char *shape)
{
  if (text == NULL || strlen (text) != strlen (shape))
    return FALSE;
  for (; *shape != '\0'; shape++, text++)
    {
      if (*shape == '9' ? !g_ascii_isdigit (*text) : *text != *shape)
        return FALSE;
    }
  return TRUE;
}

static int
digits (const char *text, guint count)
{
  int value = 0;

  for (guint i = 0; i < count; i++)
    value = value * 10 + (text[i] - '0');
  return value;
}

static gint64
from_fields (int year, int month, int day, int hour, int minute, int second, int milliseconds)
{
  if (year < 1970)
    return BK_TIME_INVALID; /* nothing here is as old, and years below 1000 are written otherwise */

  g_autoptr (GDateTime) utc = g_date_time_new_utc (year, month, day, hour, minute, second);

  if (utc == NULL)
    return BK_TIME_INVALID;
  return g_date_time_to_unix (utc) * G_USEC_PER_SEC + milliseconds * (gint64) 1000;
}

/* @text: year, month, day, hour, minute and second, each with one character after it */
static gint64
from_separated (const char *text, int milliseconds)
{
  return from_fields (digits (text, 4), digits (text + 5, 2), digits (text + 8, 2),
                      digits (text + 11, 2), digits (text + 14, 2), digits (text + 17, 2),
                      milliseconds);
}

/**
 * bk_time_from_compact:
 * @text: (nullable): hostile until checked
 *
 * Returns: microseconds, or %BK_TIME_INVALID when @text is not exactly of that form.
 */
gint64
bk_time_from_compact (const char *text)
{
  if (!has_shape (text, "99999999_999999"))
    return BK_TIME_INVALID;
  return from_fields (digits (text, 4), digits (text + 4, 2), digits (text + 6, 2),
                      digits (text + 9, 2), digits (text + 11, 2), digits (text + 13, 2), 0);
}

/**
 * bk_time_from_dashed:
 * @text: hostile until checked
 *
 * Returns: microseconds since 1970, or %BK_TIME_INVALID for what bk_time_to_dashed() would not
 *   write.
 */
gint64
bk_time_from_dashed (const char *text)
{
  if (!has_shape (text, "9999-99-99T99-99-99"))
    return BK_TIME_INVALID;
  return from_separated (text, 0);
}

/**
 * bk_time_from_iso:
 * @text: hostile until checked
 *
 * Returns: microseconds since 1970, or %BK_TIME_INVALID for what bk_time_to_iso() would not
 *   write.
 */
gint64
bk_time_from_iso (const char *text)
{
  if (!has_shape (text, "9999-99-99T99:99:99.999Z"))
    return BK_TIME_INVALID;
  return from_separated (text, digits (text + 20, 3));
}
