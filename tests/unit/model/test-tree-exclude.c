#include "model/tree-exclude.h"

#include "base/error.h"

#include <string.h>

typedef struct
{
  const char *patterns; /* separated by blanks */
  const char *path;     /* the source is srv/data; a '/' at the end: a directory */
  gboolean excluded;
} Case;

static const Case cases[] = {
  { "*.pid", "srv/data/a/x.pid", TRUE },
  { "*.pid", "srv/data/a/x.pid/", TRUE },
  { "*.pid", "srv/data/a/x.pidx", FALSE },
  { "*.pid !keep.pid", "srv/data/keep.pid", FALSE },
  { "!keep.pid *.pid", "srv/data/keep.pid", TRUE },
  { "cache/", "srv/data/a/cache/", TRUE },
  { "cache/", "srv/data/a/cache", FALSE },
  { "tmp/*.part", "srv/data/tmp/x.part", TRUE },
  { "tmp/*.part", "srv/data/a/tmp/x.part", FALSE },
  { "**/tmp/*.part", "srv/data/a/b/tmp/x.part", TRUE },
  { "**/tmp", "srv/data/tmp", TRUE },
  { "a/**", "srv/data/a/b/c", TRUE },
  { "a/**", "srv/data/a", FALSE },
  { "a/**/z", "srv/data/a/z", TRUE },
  { "a/**/z", "srv/data/a/b/c/z", TRUE },
  { "a/**/z", "srv/data/a/b/c/zz", FALSE },
  { "/srv/data/x", "srv/data/x", TRUE },
  { "/data/x", "srv/data/x", FALSE },
  { "/x", "srv/data/x", FALSE },
  { "a*c", "srv/data/a/c", FALSE },
  { "a?c", "srv/data/abc", TRUE },
  { "a*b*c", "srv/data/aXbYbZc", TRUE },
  { "a*b*c", "srv/data/aXbYbZ", FALSE },
  { "[a-c]x", "srv/data/bx", TRUE },
  { "[!a-c]x", "srv/data/bx", FALSE },
  { "[!a-c]x", "srv/data/dx", TRUE },
  { "[]x]", "srv/data/]", TRUE },
  { "[x", "srv/data/[x", TRUE },
  { "\\*x", "srv/data/*x", TRUE },
  { "\\*x", "srv/data/ax", FALSE },
  { "\\!x", "srv/data/!x", TRUE },
  { "\xff*", "srv/data/\xff\xfe", TRUE },
  { "#*", "srv/data/#x", FALSE },
  { "", "srv/data/x", FALSE },
};

static gboolean
excluded (const Case *c, gsize source_length)
{
  g_auto (GStrv) patterns = g_strsplit (c->patterns, " ", -1);
  g_autofree char *path = g_strdup (c->path);
  gboolean is_directory = g_str_has_suffix (path, "/");
  g_autoptr (GError) error = NULL;
  g_autoptr (BkTreeExcludes) excludes =
      bk_tree_excludes_new ((const char *const *) patterns, &error);

  g_assert_no_error (error);
  if (is_directory)
    path[strlen (path) - 1] = '\0';
  return bk_tree_excludes_match (excludes, path, source_length, strrchr (path, '/') + 1,
                                 is_directory);
}

static void
test_matches (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (excluded (&cases[i], strlen ("srv/data")), ==, cases[i].excluded);
}

static void
test_source_is_root (void)
{
  const Case in_root = { "srv/*.x", "srv/a.x", TRUE };

  g_assert_true (excluded (&in_root, 0));
}

static void
test_work_is_bounded (void)
{
  g_autofree char *name = g_strnfill (255, 'a');
  g_autofree char *path = g_strconcat ("srv/data/", name, NULL);
  const Case stars = { "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", path, FALSE };

  g_assert_false (excluded (&stars, strlen ("srv/data")));
}

static void
test_refused (void)
{
  g_autofree char *long_pattern = g_strnfill (BK_TREE_EXCLUDE_MAX_BYTES + 1, 'a');
  const char *const bad[] = { "/", "!", "!/", long_pattern };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      const char *const patterns[] = { bad[i], NULL };
      g_autoptr (GError) error = NULL;

      g_assert_null (bk_tree_excludes_new (patterns, &error));
      g_assert_error (error, BK_ERROR, BK_ERROR_USAGE);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model/tree-exclude/matches", test_matches);
  g_test_add_func ("/model/tree-exclude/source-is-root", test_source_is_root);
  g_test_add_func ("/model/tree-exclude/work-is-bounded", test_work_is_bounded);
  g_test_add_func ("/model/tree-exclude/refused", test_refused);
  return g_test_run ();
}
