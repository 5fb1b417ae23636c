#include "ops/tree/links.h"

static void
test_first_stored (void)
{
  g_autoptr (BkTreeLinks) links = bk_tree_links_new ();
  const char *target;

  g_assert_cmpint (bk_tree_links_look (links, 1, 2, &target), ==, BK_TREE_LINK_FIRST);
  bk_tree_links_begin (links, 1, 2, 3, "a");
  g_assert_cmpint (bk_tree_links_look (links, 1, 2, &target), ==, BK_TREE_LINK_PENDING);
  g_assert_null (target);
  bk_tree_links_settle (links, 1, 2, TRUE);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpint (bk_tree_links_look (links, 1, 2, &target), ==, BK_TREE_LINK_STORED);
      g_assert_cmpstr (target, ==, "a");
      bk_tree_links_passed (links, 1, 2);
    }
  /* All three names have come by: the inode's number may be another file's by now. */
  g_assert_cmpint (bk_tree_links_look (links, 1, 2, &target), ==, BK_TREE_LINK_FIRST);
  g_assert_cmpint (bk_tree_links_look (links, 2, 2, &target), ==, BK_TREE_LINK_FIRST);
}

static void
test_first_not_stored (void)
{
  g_autoptr (BkTreeLinks) links = bk_tree_links_new ();
  const char *target;

  bk_tree_links_begin (links, 1, 2, 2, "a");
  bk_tree_links_settle (links, 1, 2, FALSE);
  g_assert_cmpint (bk_tree_links_look (links, 1, 2, &target), ==, BK_TREE_LINK_FIRST);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ops/tree-links/first-stored", test_first_stored);
  g_test_add_func ("/ops/tree-links/first-not-stored", test_first_not_stored);
  return g_test_run ();
}
