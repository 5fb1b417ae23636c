#include "base/words.h"

static void
test_index (void)
{
  static const char *const words[] = { "one", "two", "three" };
  static const struct
  {
    const char *text;
    int index; /* -1: none of them */
  } cases[] = {
    { "one", 0 },  { "three", 2 },   { NULL, -1 },    { "", -1 },
    { "thr", -1 }, { "three ", -1 }, { "Three", -1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      guint index = 77;
      gboolean is_found = bk_word_index (words, G_N_ELEMENTS (words), cases[i].text, &index);

      g_assert_cmpint (is_found, ==, cases[i].index >= 0);
      g_assert_cmpuint (index, ==, is_found ? (guint) cases[i].index : 77);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/words/index", test_index);
  return g_test_run ();
}
