#include "base/json-strict.h"

#include <string.h>

static void
test_cases (void)
{
  static const struct
  {
    const char *text;
    gboolean strict;
  } cases[] = {
    { "{}", TRUE },
    { " { \"a\" : [ 1 , -0.5e+3 , true , false , null , { } , [ ] ] , \"b\" : \"\\u00e9\\n\" } \n",
      TRUE },
    { "\"text\"", TRUE },
    { "0", TRUE },
    { "-1", TRUE },
    { "[[],[[]],{\"a\":{}}]", TRUE },
    { "", FALSE },
    { " ", FALSE },
    { "{", FALSE },
    { "}", FALSE },
    { "[1,]", FALSE },
    { "[,1]", FALSE },
    { "[1 2]", FALSE },
    { "{\"a\":1,}", FALSE },
    { "{\"a\" 1}", FALSE },
    { "{a:1}", FALSE },
    { "{1:1}", FALSE },
    { "{\"a\":}", FALSE },
    { "{\"a\":1]", FALSE },
    { "[1}", FALSE },
    { "{} {}", FALSE },
    { "01", FALSE },
    { "+1", FALSE },
    { ".5", FALSE },
    { "1.", FALSE },
    { "1e", FALSE },
    { "1e308", TRUE },
    { "[-1e309]", FALSE },
    { "1.5e999999", FALSE },
    { "-", FALSE },
    { "tru", FALSE },
    { "nulll", FALSE },
    { "NaN", FALSE },
    { "var x = 1", FALSE },
    { "/* why */ {}", FALSE },
    { "{} // why", FALSE },
    { "'a'", FALSE },
    { "\"a", FALSE },
    { "\"\\x\"", FALSE },
    { "\"\\u12\"", FALSE },
    { "\"\\u12g4\"", FALSE },
    { "\"\\u0000\"", FALSE },
    { "\"a\tb\"", FALSE },
    { "\"a\nb\"", FALSE },
    { "\"\xff\"", FALSE },
    { "\"\xc3\"", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      /* A copy without a NUL behind it: a sanitizer sees a read beyond its end. */
      gsize length_bytes = strlen (cases[i].text);
      g_autofree char *text = g_memdup2 (cases[i].text, length_bytes);

      g_test_message ("%s", cases[i].text);
      g_assert_cmpint (bk_json_is_strict (text, length_bytes), ==, cases[i].strict);
    }
  g_assert_false (bk_json_is_strict ("{}\0", 3));
  g_assert_false (bk_json_is_strict ("\"a\0b\"", 5));
}

static char *
nested (guint depth)
{
  g_autofree char *open = g_strnfill (depth, '[');
  g_autofree char *close = g_strnfill (depth, ']');

  return g_strconcat (open, close, NULL);
}

static void
test_depth (void)
{
  g_autofree char *deepest = nested (BK_JSON_DEPTH_MAX);
  g_autofree char *too_deep = nested (BK_JSON_DEPTH_MAX + 1);
  g_autofree char *open = g_strnfill (1000000, '[');

  g_assert_true (bk_json_is_strict (deepest, strlen (deepest)));
  g_assert_false (bk_json_is_strict (too_deep, strlen (too_deep)));
  g_assert_false (bk_json_is_strict (open, strlen (open)));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/json-strict/cases", test_cases);
  g_test_add_func ("/base/json-strict/depth", test_depth);
  return g_test_run ();
}
