#include "cockpit/gather.h"

#include <string.h>

static void
add (BkGather *gather, const char *line)
{
  bk_gather_add (gather, line, strlen (line));
}

static void
test_lines (void)
{
  g_auto (BkGather) gather = { 0 };
  gsize length_bytes = 1;

  g_assert_null (bk_gather_take (&gather, &length_bytes));
  g_assert_cmpuint (length_bytes, ==, 0);
  add (&gather, "{\"item\":1}");
  add (&gather, "{\"item\":2}");

  g_autofree char *both = bk_gather_take (&gather, &length_bytes);
  g_assert_cmpstr (both, ==, "{\"item\":1}\n{\"item\":2}");
  g_assert_cmpuint (length_bytes, ==, strlen (both));

  add (&gather, "{\"item\":3}");
  g_autofree char *one = bk_gather_take (&gather, &length_bytes);
  g_assert_cmpstr (one, ==, "{\"item\":3}");
}

static void
test_room (void)
{
  g_auto (BkGather) gather = { 0 };

  g_assert_true (bk_gather_has_room (&gather, 0));
  g_assert_true (bk_gather_has_room (&gather, BK_GATHER_MAX_BYTES + 1));
  g_assert_true (bk_gather_has_room (&gather, G_MAXSIZE));
  add (&gather, "0123456789");
  /* With the line break between them. */
  g_assert_true (bk_gather_has_room (&gather, BK_GATHER_MAX_BYTES - 11));
  g_assert_false (bk_gather_has_room (&gather, BK_GATHER_MAX_BYTES - 10));
  g_assert_false (bk_gather_has_room (&gather, G_MAXSIZE));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cockpit/gather/lines", test_lines);
  g_test_add_func ("/cockpit/gather/room", test_room);
  return g_test_run ();
}
