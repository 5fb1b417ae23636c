#include "model/tree-entry.h"

#include <sys/stat.h>

/* Right-hand values are what Go's os.Lstat ().Mode () has for such files. */
static const struct
{
  guint32 st_mode;
  guint32 mode;
} modes[] = {
  { S_IFREG | 0644, 0x000001a4 },  { S_IFDIR | 0755, 0x800001ed },  { S_IFLNK | 0777, 0x080001ff },
  { S_IFBLK | 0660, 0x040001b0 },  { S_IFCHR | 0620, 0x04200190 },  { S_IFIFO | 0600, 0x02000180 },
  { S_IFSOCK | 0755, 0x010001ed }, { S_IFREG | 04755, 0x008001ed }, { S_IFREG | 02755, 0x004001ed },
  { S_IFDIR | 01777, 0x801001ff },
};

static void
test_modes (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_assert_cmphex (bk_tree_mode_from_stat (modes[i].st_mode), ==, modes[i].mode);
      g_assert_cmphex (bk_tree_mode_to_stat (modes[i].mode), ==, modes[i].st_mode);
    }
}

static void
test_impossible_types (void)
{
  g_assert_cmphex (bk_tree_mode_to_stat (BK_TREE_MODE_IRREGULAR | 0644), ==, 0);
  g_assert_cmphex (bk_tree_mode_to_stat (BK_TREE_MODE_DIRECTORY | BK_TREE_MODE_SYMLINK), ==, 0);
  g_assert_cmphex (bk_tree_mode_to_stat (BK_TREE_MODE_CHARACTER_DEVICE), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model/tree-entry/modes", test_modes);
  g_test_add_func ("/model/tree-entry/impossible-types", test_impossible_types);
  return g_test_run ();
}
