#include "base/timestamp.h"

static const gint64 instant = G_GINT64_CONSTANT (1795140000125000); /* 2026-11-20T02:00:00.125Z */

static void
test_forms (void)
{
  g_autofree char *compact = bk_time_to_compact (instant);
  g_autofree char *dashed = bk_time_to_dashed (instant);
  g_autofree char *date = bk_time_to_date (instant);
  g_autofree char *iso = bk_time_to_iso (instant);

  g_assert_cmpstr (compact, ==, "20261120_020000");
  g_assert_cmpstr (dashed, ==, "2026-11-20T02-00-00");
  g_assert_cmpstr (date, ==, "2026-11-20");
  g_assert_cmpstr (iso, ==, "2026-11-20T02:00:00.125Z");
  g_assert_cmpint (bk_time_from_iso (iso), ==, instant);
  g_assert_cmpint (bk_time_from_compact (compact), ==, instant - 125000);
  g_assert_cmpint (bk_time_from_dashed (dashed), ==, instant - 125000);
}

/* What a file's time may be, on a disk or in a tar; 64 bits of nanoseconds end in 1677 and 2262. */
static void
test_nsecs (void)
{
  static const struct
  {
    gint64 seconds;
    guint32 nsecs;
    gint64 expected;
  } cases[] = {
    { 0, 0, 0 },
    { 1, 999999999, 1999999999 },
    { -1, 999999999, -1 },
    { -1, 0, -1000000000 },
    { 9223372036, 854775807, G_MAXINT64 },
    { 9223372036, 854775808, G_MAXINT64 },
    { 9223372037, 0, G_MAXINT64 },
    { G_MAXINT64, 999999999, G_MAXINT64 },
    { -9223372036, 0, G_GINT64_CONSTANT (-9223372036000000000) },
    { -9223372037, 145224192, G_MININT64 },
    { -9223372038, 0, G_MININT64 },
    { G_MININT64, 0, G_MININT64 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (bk_time_nsecs (cases[i].seconds, cases[i].nsecs), ==, cases[i].expected);
}

static void
test_invalid (void)
{
  static const char *const texts[] = {
    "",
    "2026",
    "20261320_020000",
    "20260230_020000",
    "20261120-020000",
    "20261120_0200000",
    "2026-11-20T25-00-00",
    "2026-11-20T02:00:00Z",
    "+026-11-20T02:00:00.000Z",
    "2026-11-20T02:00:00.000Z ",
    "2026-11-20T02:61:00.000Z",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_assert_cmpint (bk_time_from_compact (texts[i]), ==, BK_TIME_INVALID);
      g_assert_cmpint (bk_time_from_dashed (texts[i]), ==, BK_TIME_INVALID);
      g_assert_cmpint (bk_time_from_iso (texts[i]), ==, BK_TIME_INVALID);
    }
  g_assert_cmpint (bk_time_from_iso (NULL), ==, BK_TIME_INVALID);
  g_assert_cmpint (bk_time_from_iso ("0001-01-01T00:00:00.000Z"), ==, BK_TIME_INVALID);
  g_assert_cmpint (bk_time_from_iso ("1969-12-31T23:59:59.999Z"), ==, BK_TIME_INVALID);
  g_assert_cmpint (bk_time_from_iso ("1970-01-01T00:00:00.000Z"), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/timestamp/nsecs", test_nsecs);
  g_test_add_func ("/base/timestamp/forms", test_forms);
  g_test_add_func ("/base/timestamp/invalid", test_invalid);
  return g_test_run ();
}
