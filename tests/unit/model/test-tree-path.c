#include "model/tree-path.h"

static void
test_order (void)
{
  static const char *const ascending[] = { "a",   "a/b", "a/b/c", "a/b!", "a/\xff",
                                           "a!b", "a.b", "aa",    "b",    "\xff" };

  for (guint i = 0; i < G_N_ELEMENTS (ascending); i++)
    {
      for (guint j = 0; j < G_N_ELEMENTS (ascending); j++)
        {
          int order = bk_tree_path_compare (ascending[i], ascending[j]);

          g_assert_cmpint ((order > 0) - (order < 0), ==, (i > j) - (i < j));
        }
    }
}

static void
test_valid (void)
{
  static const char *const valid[] = { "a", "a/b", "...", ".a", "a/..b", "\xff\xfe/\n" };
  static const char *const invalid[] = { "",   "/",    "/a",     "a/",  "a//b", ".",    "./a",
                                         "..", "../a", "a/../b", "a/.", "a/..", "a/./b" };

  for (guint i = 0; i < G_N_ELEMENTS (valid); i++)
    g_assert_true (bk_tree_path_is_valid (valid[i]));
  for (guint i = 0; i < G_N_ELEMENTS (invalid); i++)
    g_assert_false (bk_tree_path_is_valid (invalid[i]));
  g_assert_false (bk_tree_path_is_valid (NULL));

  g_autofree char *longest = g_strnfill (BK_TREE_PATH_MAX_BYTES, 'a');
  g_autofree char *longer = g_strnfill (BK_TREE_PATH_MAX_BYTES + 1, 'a');
  g_assert_true (bk_tree_path_is_valid (longest));
  g_assert_false (bk_tree_path_is_valid (longer));
}

static void
test_below (void)
{
  g_assert_true (bk_tree_path_is_below ("a/b", "a/b"));
  g_assert_true (bk_tree_path_is_below ("a/b/c", "a/b"));
  g_assert_false (bk_tree_path_is_below ("a/bc", "a/b"));
  g_assert_false (bk_tree_path_is_below ("a", "a/b"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model/tree-path/order", test_order);
  g_test_add_func ("/model/tree-path/valid", test_valid);
  g_test_add_func ("/model/tree-path/below", test_below);
  return g_test_run ();
}
