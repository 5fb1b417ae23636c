#include "base/quantity.h"

#include "base/gettext.h"

#include <string.h>

#define SEPARATOR_MAX_BYTES 4

/**
 * bk_number_in:
 * @buffer: (out): where it is written
 *
 * Behind BK_NUMBER(): how many there are of something.
 *
 * Returns: @buffer: "1,234,567", as the language groups it.
 */
const char *
bk_number_in (char buffer[BK_NUMBER_BYTES], guint64 number)
{
  char digits[24];
  int length = g_snprintf (digits, sizeof digits, "%" G_GUINT64_FORMAT, number);
  const char *separator = C_ ("between groups of three digits", ",");
  char *end = buffer;

  if (strlen (separator) > SEPARATOR_MAX_BYTES)
    separator = "";
  for (int i = 0; i < length; i++)
    {
      if (i > 0 && (length - i) % 3 == 0)
        end = g_stpcpy (end, separator);
      *end++ = digits[i];
    }
  *end = '\0';
  return buffer;
}

/**
 * bk_digits_in:
 * @buffer: (out): where it is written
 *
 * Behind BK_DIGITS(): a number that names something, a segment or a place.
 *
 * Returns: @buffer: "1234567".
 */
const char *
bk_digits_in (char buffer[BK_NUMBER_BYTES], guint64 number)
{
  g_snprintf (buffer, BK_NUMBER_BYTES, "%" G_GUINT64_FORMAT, number);
  return buffer;
}

/**
 * bk_decimal_text:
 * @digits_count: how many are behind the point, at most 9
 *
 * Returns: (transfer full): "1.5".
 */
char *
bk_decimal_text (double number, guint digits_count)
{
  char format[] = { '%', '.', (char) ('0' + MIN (digits_count, 9)), 'f', '\0' };
  char buffer[G_ASCII_DTOSTR_BUF_SIZE * 10];

  g_ascii_formatd (buffer, sizeof buffer, format, number);
  char *point = strchr (buffer, '.');
  if (point == NULL)
    return g_strdup (buffer);
  *point = '\0';
  return g_strconcat (buffer, C_ ("before the decimals", "."), point + 1, NULL);
}

/**
 * bk_size_text:
 *
 * As g_format_size(), whose words are of the process's language, and of the machine's locale.
 *
 * Returns: (transfer full): "512 bytes", "1.5 GB"; units are powers of 1000.
 */
char *
bk_size_text (guint64 size_bytes)
{
  static const char *const units[] = {
    N_ ("kB"), N_ ("MB"), N_ ("GB"), N_ ("TB"), N_ ("PB"), N_ ("EB"),
  };
  double number = (double) size_bytes / 1000;
  guint unit = 0;

  if (size_bytes < 1000)
    return g_strdup_printf (bk_ngettext ("%s byte", "%s bytes", size_bytes),
                            BK_NUMBER (size_bytes));
  for (; number >= 1000 && unit + 1 < G_N_ELEMENTS (units); unit++)
    number /= 1000;
  g_autofree char *text = bk_decimal_text (number, 1);
  return g_strconcat (text, " ", _ (units[unit]), NULL);
}
