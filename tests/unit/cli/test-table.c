#include "cli/table.h"

static void
test_columns (void)
{
  g_autoptr (BkTable) table = bk_table_new (3);
  const char *const rows[][4] = {
    { "NAME", "SIZE", "NEXT", NULL },
    { "web1", "1.5 GB", "base", NULL },
    { "çü日本", "12 kB", "incremental", NULL },
  };

  bk_table_align_right (table, 1);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    bk_table_add_row (table, g_strdupv ((char **) rows[i]));
  g_autofree char *text = bk_table_to_text (table);
  g_assert_cmpstr (text, ==,
                   "NAME      SIZE  NEXT\n"
                   "web1    1.5 GB  base\n"
                   "çü日本   12 kB  incremental\n");
}

static void
test_width (void)
{
  g_assert_cmpuint (bk_text_width (""), ==, 0);
  g_assert_cmpuint (bk_text_width ("abc"), ==, 3);
  g_assert_cmpuint (bk_text_width ("ü"), ==, 1);
  g_assert_cmpuint (bk_text_width ("u\xcc\x88"), ==, 1);
  g_assert_cmpuint (bk_text_width ("日本"), ==, 4);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/table/columns", test_columns);
  g_test_add_func ("/cli/table/width", test_width);
  return g_test_run ();
}
