#include "store/tree/acl.h"

#include <archive_entry.h>
#include <string.h>
#include <sys/stat.h>

static void
test_acl (void)
{
  /* u::rw-, u:1000:r--, g::r-x, m::rwx, o::--- */
  static const guint8 value[] = {
    2,    0, 0, 0,                         /* version */
    0x01, 0, 6, 0, 0xff, 0xff, 0xff, 0xff, /* owner */
    0x02, 0, 4, 0, 0xe8, 0x03, 0,    0,    /* user 1000 */
    0x04, 0, 5, 0, 0xff, 0xff, 0xff, 0xff, /* owning group */
    0x10, 0, 7, 0, 0xff, 0xff, 0xff, 0xff, /* mask */
    0x20, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, /* others */
  };
  static const char *const attributes[] = { BK_TREE_ACL_ACCESS, BK_TREE_ACL_DEFAULT };

  for (guint i = 0; i < G_N_ELEMENTS (attributes); i++)
    {
      struct archive_entry *entry = archive_entry_new ();

      archive_entry_set_mode (entry, S_IFREG | 0670);
      g_assert_true (bk_tree_acl_to_entry (entry, attributes[i], value, sizeof value));
      g_autoptr (GBytes) again = bk_tree_acl_from_entry (entry, attributes[i]);
      g_assert_nonnull (again);
      g_assert_cmpmem (g_bytes_get_data (again, NULL), g_bytes_get_size (again), value,
                       sizeof value);
      g_assert_null (bk_tree_acl_from_entry (entry, attributes[1 - i]));
      for (gsize length = 0; length < sizeof value; length++)
        {
          if (length % 8 != 4)
            g_assert_false (bk_tree_acl_to_entry (entry, attributes[i], value, length));
        }
      archive_entry_free (entry);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/tree-acl", test_acl);
  return g_test_run ();
}
