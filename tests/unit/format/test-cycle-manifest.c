#include "base/error.h"
#include "format/cycle-manifest.h"

#include <string.h>

static char *
read_golden (void)
{
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "golden", "cycle-manifest", "version-1.json", NULL);
  char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

static BkCycle *
parse (const char *text, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  return bk_cycle_manifest_from_bytes (bytes, "The manifest", error);
}

static void
test_golden (void)
{
  g_autofree char *text = read_golden ();
  g_autoptr (GError) error = NULL;
  g_autoptr (BkCycle) cycle = parse (text, &error);

  g_assert_no_error (error);
  g_assert_cmpint (cycle->status, ==, BK_CYCLE_CONSOLIDATING);
  g_assert_cmpstr (cycle->merged_id, ==, "web1-Full-Merged-20261122_020000");
  g_assert_cmpuint (cycle->max_incrementals, ==, 7);
  g_assert_cmpuint (bk_cycle_incrementals_count (cycle), ==, 1);
  g_assert_cmpuint (bk_cycle_find_disk (cycle, "vda")->incremental_files->len, ==, 1);
  g_autofree char *again = bk_cycle_manifest_to_text (cycle);
  g_assert_cmpstr (g_strchomp (again), ==, g_strchomp (text));
}

/* Each replaces one text of the golden file, and what comes of it is refused. */
static void
test_hostile (void)
{
  static const struct
  {
    const char *what;
    const char *with;
  } cases[] = {
    { "\"version\" : 1", "\"version\" : 2" },
    { "\"version\" : 1", "\"version\" : -1" },
    { "\"version\" : 1", "\"version\" : \"1\"" },
    { "\"consolidating\"", "\"done\"" },
    { "\"consolidating\"", "null" },
    { "\"web1-Base-20261120_020000\",", "\"../web2\"," },
    { "\"web1-Base-20261120_020000\",", "\"web1-Full-Merged-20261120_020000\"," },
    { "\"web1-Base-20261120_020000\",", "\"web1-Inc-20261120_020000\"," },
    { "\"web1-Base-20261120_020000\",", "\"web2-Base-20261120_020000\"," },
    { "\"web1-Base-20261120_020000\",", "{}," },
    { "\"web1-Base-20261120_020000\",", "[]," },
    { "\"web1-Base-20261120_020000\",", "7," },
    { "\"web1-Base-20261120_020000\",", "null," },
    { "\"web1-Inc-20261121_020000\"\n  ]", "\"web1-Full-Merged-20261121_020000\"\n  ]" },
    { "\"web1-Full-Merged-20261122_020000\"", "\"web1-Base-20261120_020000\"" },
    { "\"web1-Full-Merged-20261122_020000\"", "\"..\"" },
    { "\"web1-Full-Merged-20261122_020000\"", "null" },
    { "\"vm\" : \"web1\"", "\"vm\" : \"web2\"" },
    { "\"vm\" : \"web1\"", "\"vm\" : {}" },
    { "\"web1-Base-20261120_020000/data/", "\"../web1-Base-20261120_020000/data/" },
    { "\"web1-Base-20261120_020000/data/", "\"/etc/web1-Base-20261120_020000/data/" },
    { "\"web1-Inc-20261121_020000/data/", "\"web1/../../Inc-20261121_020000/data/" },
    { "\"0123456789abcdef", "\"X123456789abcdef" },
    { "\"0123456789abcdef", "\"0123" },
    { "\"vda\" :", "\"..\" :" },
    { "\"max_incrementals\" : 7", "\"max_incrementals\" : 100000" },
    { "\"max_incrementals\" : 7", "\"max_incrementals\" : 7.5" },
    { "\"disks\"", "\"plates\"" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *golden = read_golden ();
      g_autoptr (GString) text = g_string_new (golden);
      g_autoptr (GError) error = NULL;

      g_assert_cmpuint (g_string_replace (text, cases[i].what, cases[i].with, 1), ==, 1);
      g_assert_null (parse (text->str, &error));
      g_assert_error (error, BK_ERROR, BK_ERROR_INTEGRITY);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/format/cycle-manifest/golden", test_golden);
  g_test_add_func ("/format/cycle-manifest/hostile", test_hostile);
  return g_test_run ();
}
