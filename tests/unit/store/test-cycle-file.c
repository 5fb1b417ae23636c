#include "store/repository/cycle-file.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "format/cycle-manifest.h"
#include "store-directory.h"

#include <string.h>

static BkCycle *
new_cycle (const char *merged_id)
{
  BkCycle *cycle = bk_cycle_new ("web1", "11111111-1111-1111-1111-111111111111");
  static const char hash[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

  g_ptr_array_add (cycle->backup_ids, g_strdup ("web1-Base-20261120_020000"));
  bk_cycle_set_disk_base (cycle, "vda", "web1-Base-20261120_020000/data/a.qcow2", hash);
  cycle->max_incrementals = 7;
  if (merged_id != NULL)
    {
      BkCycle *merging = bk_cycle_begin_merge (cycle, merged_id, BK_MERGE_COPY);

      bk_cycle_free (cycle);
      return merging;
    }
  return cycle;
}

static BkCycle *
load (int project)
{
  g_autoptr (GError) error = NULL;
  BkCycle *cycle = NULL;

  g_assert_true (bk_cycle_file_load (project, "vm/web1", &cycle, &error));
  g_assert_no_error (error);
  return cycle;
}

/* What is saved is what is loaded; the next one takes its place; removed, there is none. */
static void
test_save_load_remove (void)
{
  static const char *const merged_ids[] = { NULL, "web1-Full-Merged-20261121_020000", NULL };
  g_autofree char *path = NULL;
  autofd int project = store_directory_new (&path);
  g_autoptr (GError) error = NULL;

  g_assert_null (load (project));
  for (guint i = 0; i < G_N_ELEMENTS (merged_ids); i++)
    {
      g_autoptr (BkCycle) cycle = new_cycle (merged_ids[i]);

      g_assert_true (bk_cycle_file_save (project, cycle, &error));
      g_autoptr (BkCycle) loaded = load (project);
      g_assert_cmpstr (loaded->merged_id, ==, merged_ids[i]);
      g_assert_cmpstr (loaded->uuid, ==, cycle->uuid);
      g_assert_cmpuint (loaded->max_incrementals, ==, 7);
      g_assert_cmpstr (bk_cycle_newest_backup_id (loaded), ==, "web1-Base-20261120_020000");
    }
  for (guint i = 0; i < 2; i++) /* the next run may remove it again */
    {
      g_assert_true (bk_cycle_file_remove (project, &error));
      g_assert_null (load (project));
    }
  store_directory_remove (project, path);
}

/* It names the project and changes nothing; it never looks like there was no cycle. */
static void
test_not_to_be_trusted (void)
{
  static const char *const texts[] = { "", "{", "[]", "{}", "null", "{\"version\":1}" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *path = NULL;
      autofd int project = store_directory_new (&path);
      g_autofree char *file = g_build_filename (path, BK_CYCLE_MANIFEST_NAME, NULL);
      g_autoptr (GError) error = NULL;
      g_autofree char *after = NULL;
      BkCycle *cycle = NULL;

      g_assert_true (g_file_set_contents (file, texts[i], -1, NULL));
      g_assert_false (bk_cycle_file_load (project, "vm/web1", &cycle, &error));
      g_assert_error (error, BK_ERROR, BK_ERROR_INTEGRITY);
      g_assert_nonnull (strstr (error->message, "vm/web1"));
      g_assert_null (cycle);
      g_assert_true (g_file_get_contents (file, &after, NULL, NULL));
      g_assert_cmpstr (after, ==, texts[i]);
      store_directory_remove (project, path);
    }
}

static void
test_what_stands_in_its_place (void)
{
  g_autofree char *path = NULL;
  autofd int project = store_directory_new (&path);
  g_autoptr (GError) error = NULL;
  g_autoptr (BkCycle) cycle = new_cycle (NULL);
  BkCycle *loaded = NULL;

  autofd int there = bk_make_directory_at (project, BK_CYCLE_MANIFEST_NAME, 0700, &error);
  g_assert_cmpint (there, >=, 0);
  g_assert_false (bk_cycle_file_load (project, "vm/web1", &loaded, NULL));
  g_assert_false (bk_cycle_file_save (project, cycle, NULL));
  g_assert_false (bk_cycle_file_remove (project, &error));
  g_assert_nonnull (strstr (error->message, path)); /* with its whole path */
  store_directory_remove (project, path);
}

static void
test_joining (void)
{
  static const struct
  {
    const char *noted; /* NULL: nothing is */
    const char *asked;
    gboolean is;
  } cases[] = {
    { NULL, "web1-Base-20261120_020000", FALSE },
    { "web1-Base-20261120_020000", "web1-Base-20261120_020000", TRUE },
    { "web1-Base-20261120_020000", "web1-Base-20261120_02000", FALSE },
    { "web1-Base-20261120_02000", "web1-Base-20261120_020000", FALSE },
    { "web1-Base-20261120_020000", "web1-Base-20261120_020001", FALSE },
    { "web1-Base-20261120_020000", "", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = NULL;
      autofd int project = store_directory_new (&path);

      if (cases[i].noted != NULL)
        g_assert_true (bk_cycle_file_note_joining (project, cases[i].noted, NULL));
      g_assert_cmpint (bk_cycle_file_is_joining (project, cases[i].asked), ==, cases[i].is);
      bk_cycle_file_forget_joining (project);
      g_assert_false (bk_cycle_file_is_joining (project, cases[i].asked));
      store_directory_remove (project, path);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/cycle-file/save-load-remove", test_save_load_remove);
  g_test_add_func ("/store/cycle-file/not-to-be-trusted", test_not_to_be_trusted);
  g_test_add_func ("/store/cycle-file/what-stands-in-its-place", test_what_stands_in_its_place);
  g_test_add_func ("/store/cycle-file/joining", test_joining);
  return g_test_run ();
}
