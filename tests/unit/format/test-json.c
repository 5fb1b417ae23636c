#include "format/json.h"

#include "base/error.h"

#include <string.h>

static void
test_hostile (void)
{
  g_autofree char *deep = g_strnfill (100000, '[');
  g_autofree char *deep_object = g_strconcat ("{\"a\":", deep, NULL);
  const char *const texts[] = { "",         "[]", "{",        "null", "\"a\"", "{\"a\":\xff}",
                                "{\"a\":1", deep, deep_object };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (bk_json_parse_object (texts[i], -1, "It", &error));
      g_assert_error (error, BK_ERROR, BK_ERROR_INTEGRITY);
      g_assert_null (strchr (error->message, '\n'));
    }
}

static void
test_members (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) object =
      bk_json_parse_object ("{\"s\":\"x\",\"n\":7,\"neg\":-1,\"z\":null,\"a\":[1,2],\"o\":{},"
                            "\"t\":\"2026-11-20T02:00:00.000Z\",\"bad\":\"yesterday\"}",
                            -1, "It", &error);
  const char *text;
  guint64 count;
  gint64 usecs;
  JsonArray *array;
  JsonObject *inner;

  g_assert_no_error (error);
  g_assert_true (bk_json_string (object, "s", "It", &text, NULL));
  g_assert_cmpstr (text, ==, "x");
  g_assert_false (bk_json_string (object, "n", "It", &text, &error));
  g_assert_cmpstr (error->message, ==, "It: “n” is not a text");
  g_clear_error (&error);
  g_assert_false (bk_json_string (object, "none", "It", &text, &error));
  g_assert_cmpstr (error->message, ==, "It: “none” is missing");
  g_clear_error (&error);
  g_assert_true (bk_json_string_or_null (object, "z", "It", &text, NULL));
  g_assert_null (text);
  g_assert_true (bk_json_count (object, "n", "It", 7, &count, NULL));
  g_assert_cmpuint (count, ==, 7);
  g_assert_false (bk_json_count (object, "n", "It", 6, &count, NULL));
  g_assert_false (bk_json_count (object, "neg", "It", 6, &count, NULL));
  g_assert_true (bk_json_array (object, "a", "It", 2, &array, NULL));
  g_assert_false (bk_json_array (object, "a", "It", 1, &array, NULL));
  g_assert_true (bk_json_object (object, "o", "It", &inner, NULL));
  g_assert_false (bk_json_object (object, "a", "It", &inner, NULL));
  g_assert_true (bk_json_time_or_zero (object, "t", "It", &usecs, NULL));
  g_assert_cmpint (usecs, >, 0);
  g_assert_true (bk_json_time_or_zero (object, "z", "It", &usecs, NULL));
  g_assert_cmpint (usecs, ==, 0);
  g_assert_false (bk_json_time_or_zero (object, "bad", "It", &usecs, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/format/json/hostile", test_hostile);
  g_test_add_func ("/format/json/members", test_members);
  return g_test_run ();
}
