#include "base/json-text.h"

#include "base/error.h"

#include <string.h>

static void
test_canonical (void)
{
  static const struct
  {
    const char *text;
    const char *canonical; /* NULL: refused */
  } cases[] = {
    { "null", "null" },
    { " [ ] ", "[]" },
    { "{ }", "{}" },
    { "-1.50e+3", "-1.50e+3" },
    { "\"a\\/b\\u0041\\u00e9\\n\\u001f\\u007f\"", "\"a/bAé\\n\\u001f\x7f\"" },
    { "\"\\ud83d\\ude00\"", "\"😀\"" },
    { "\"\\ud83d\"", "\"\xef\xbf\xbd\"" },
    { "\"\\ude00\\ud83dx\"", "\"\xef\xbf\xbd\xef\xbf\xbdx\"" },
    { "{\"b\": 1, \"a\": [ {\"d\":2,\"c\" : \"}{\\\"\"}, [ ] , true ]}",
      "{\"a\":[{\"c\":\"}{\\\"\",\"d\":2},[],true],\"b\":1}" },
    /* U+FB33 is after U+1F600 in UTF-16, before it in UTF-8 */
    { "{\"\xef\xac\xb3\":1,\"\xf0\x9f\x98\x80\":2,\"\":3}",
      "{\"\":3,\"\xf0\x9f\x98\x80\":2,\"\xef\xac\xb3\":1}" },
    { "{\"a\":1,\"aa\":2,\"A\":3}", "{\"A\":3,\"a\":1,\"aa\":2}" },
    { "{\"a\":1,\"\\u0061\":2}", NULL },
    { "{\"a\":}", NULL },
    { "", NULL },
    { "1 2", NULL },
    { "{\"a\":1,}", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GString) out = g_string_new (NULL);
      g_autoptr (GError) error = NULL;
      gboolean done = bk_json_append_canonical (out, cases[i].text, strlen (cases[i].text), &error);

      if (cases[i].canonical == NULL)
        {
          g_assert_false (done);
          g_assert_error (error, BK_ERROR, BK_ERROR_INTEGRITY);
          continue;
        }
      g_assert_no_error (error);
      g_assert_cmpstr (out->str, ==, cases[i].canonical);

      /* the canonical form of a canonical form is itself */
      g_autoptr (GString) again = g_string_new (NULL);
      g_assert_true (bk_json_append_canonical (again, out->str, out->len, &error));
      g_assert_cmpstr (again->str, ==, out->str);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/json-text/canonical", test_canonical);
  return g_test_run ();
}
