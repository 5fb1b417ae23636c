#include "store/tree/scan.h"

#include "base/fd.h"
#include "base/path.h"
#include "store/tree/sources.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

typedef struct
{
  char *root; /* with its leading '/' */
  int fd;
  GString *seen;
  GStrv mounts;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *made = g_dir_make_tmp ("bk-scan-XXXXXX", NULL);

  fixture->root = realpath (made, NULL);
  fixture->fd = bk_open_directory (fixture->root, NULL);
  fixture->seen = g_string_new (NULL);
  g_assert_cmpint (fixture->fd, >=, 0);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  const char *argv[] = { "rm", "-rf", "--", fixture->root, NULL };

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               NULL, NULL, NULL));
  close (fixture->fd);
  free (fixture->root);
  g_string_free (fixture->seen, TRUE);
  g_clear_pointer (&fixture->mounts, g_strfreev);
}

/* A name that ends with '/' is a directory, everything else a file of its name's length. */
static void
make (Fixture *fixture, const char *const *paths)
{
  for (; *paths != NULL; paths++)
    {
      if (g_str_has_suffix (*paths, "/"))
        g_assert_cmpint (mkdirat (fixture->fd, *paths, 0755), ==, 0);
      else
        {
          autofd int fd = openat (fixture->fd, *paths, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

          g_assert_cmpint (write (fd, *paths, strlen (*paths)), ==, (ssize_t) strlen (*paths));
        }
    }
}

/* What the scan gives, a line each, below the root; "!" before what cannot be read. */
static const char *
scan (Fixture *fixture, BkTreeRules *rules, const char *const *below, guint threads_count)
{
  g_autoptr (GStrvBuilder) paths = g_strv_builder_new ();
  g_autoptr (GError) error = NULL;

  for (; *below != NULL; below++)
    {
      g_autofree char *path = g_build_filename (fixture->root, *below, NULL);
      g_strv_builder_add (paths, path);
    }
  g_auto (GStrv) list = g_strv_builder_end (paths);
  g_auto (GStrv) sources = bk_tree_sources_resolve ((const char *const *) list, &error);
  g_assert_no_error (error);
  rules->sources = sources;

  g_autoptr (BkTreeScan) walk = bk_tree_scan_new (rules, threads_count, &error);
  const BkTreeScanItem *item;
  gsize skip = strlen (fixture->root); /* without its '/', but with the one after it */

  g_assert_no_error (error);
  g_string_truncate (fixture->seen, 0);
  while ((item = bk_tree_scan_next (walk)) != NULL)
    {
      const char *path = item->found.entry.path;
      struct stat st;

      g_assert_cmpuint (strlen (path), ==, item->found.entry.path_length);
      if (item->found.kind == BK_TREE_FOUND_UNREADABLE)
        g_string_append_c (fixture->seen, '!');
      else
        {
          int dirfd = bk_tree_scan_get_directory (walk);

          g_assert_cmpint (fstatat (dirfd, item->name, &st, AT_SYMLINK_NOFOLLOW), ==, 0);
          g_assert_cmpuint (st.st_ino, ==, item->inode);
          g_assert_cmpuint (bk_tree_mode_from_stat (st.st_mode), ==, item->found.entry.mode);
        }
      g_string_append (fixture->seen, strlen (path) > skip ? path + skip : "/");
      g_string_append_c (fixture->seen, ' ');
    }
  g_clear_pointer (&fixture->mounts, g_strfreev);
  fixture->mounts = bk_tree_scan_get_mounts (walk);
  return fixture->seen->str;
}

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void
test_order_and_types (Fixture *fixture, gconstpointer data)
{
  BkTreeRules rules = { 0 };

  make (fixture, LIST ("s/", "s/a/", "s/a/b", "s/a.b", "s/a/z/", "s/a/z/y", "s/\xff", "s/B"));
  g_assert_cmpint (symlinkat ("/etc", fixture->fd, "s/link"), ==, 0);
  g_assert_cmpint (mkfifoat (fixture->fd, "s/pipe", 0600), ==, 0);
  for (guint threads = 0; threads < 4; threads++)
    g_assert_cmpstr (scan (fixture, &rules, LIST ("s"), threads), ==,
                     "s s/B s/a s/a/b s/a/z s/a/z/y s/a.b s/link s/pipe s/\xff ");
}

static void
test_left_out (Fixture *fixture, gconstpointer data)
{
  const char *const patterns[] = { "*.tmp", "old/", NULL };
  g_autoptr (BkTreeExcludes) excludes = bk_tree_excludes_new (patterns, NULL);
  BkTreeRules rules = { .excludes = excludes, .skip_caches = TRUE, .larger_than_bytes = 20 };

  make (fixture, LIST ("s/", "s/x.tmp", "s/old/", "s/old/y", "s/new/", "s/new/old", "s/cache/",
                       "s/cache/a", "s/not-a-cache/", "s/not-a-cache/CACHEDIR.TAG",
                       "s/a-name-of-more-than-20-bytes", "s/z"));
  autofd int tag = openat (fixture->fd, "s/cache/CACHEDIR.TAG", O_WRONLY | O_CREAT, 0644);
  const char text[] = "Signature: 8a477f597d28d172789f06886806bc55\n";
  g_assert_cmpint (write (tag, text, strlen (text)), ==, (ssize_t) strlen (text));

  rules.larger_than_bytes = 44;
  g_assert_cmpstr (scan (fixture, &rules, LIST ("s"), 1), ==,
                   "s s/a-name-of-more-than-20-bytes s/cache s/cache/CACHEDIR.TAG s/new s/new/old "
                   "s/not-a-cache s/not-a-cache/CACHEDIR.TAG s/z ");
  rules.larger_than_bytes = 28;
  rules.skip_caches = FALSE;
  g_assert_cmpstr (scan (fixture, &rules, LIST ("s"), 1), ==,
                   "s s/cache s/cache/a s/new s/new/old s/not-a-cache "
                   "s/not-a-cache/CACHEDIR.TAG s/z ");
}

static void
test_several_sources (Fixture *fixture, gconstpointer data)
{
  const char *const patterns[] = { "tmp/", NULL };
  g_autoptr (BkTreeExcludes) excludes = bk_tree_excludes_new (patterns, NULL);
  BkTreeRules rules = { .excludes = excludes };

  make (fixture, LIST ("s/", "s/a/", "s/a/x", "s/tmp/", "s/tmp/in/", "s/tmp/in/y", "s/tmp/out",
                       "s/b", "t/", "t/z", "u"));
  g_assert_cmpstr (scan (fixture, &rules, LIST ("t", "s/a", "s/a/x", "u", "s/a/"), 1), ==,
                   "s/a s/a/x t t/z u ");
  g_assert_cmpstr (scan (fixture, &rules, LIST ("s", "s/a"), 1), ==, "s s/a s/a/x s/b ");
  /* Named by the settings is never left out, but what is beside it on the way is. */
  g_assert_cmpstr (scan (fixture, &rules, LIST ("s", "s/tmp/in"), 1), ==,
                   "s s/a s/a/x s/b s/tmp/in s/tmp/in/y ");
  g_assert_cmpstr (scan (fixture, &rules, LIST ("s", "s/tmp"), 1), ==,
                   "s s/a s/a/x s/b s/tmp s/tmp/in s/tmp/in/y s/tmp/out ");
}

static void
test_missing (Fixture *fixture, gconstpointer data)
{
  BkTreeRules rules = { 0 };

  make (fixture, LIST ("s/", "s/a", "file"));
  g_assert_cmpstr (scan (fixture, &rules, LIST ("s", "gone/deep", "file/x", "t"), 1), ==,
                   "!file !gone s s/a !t ");
}

static void
test_unmounted (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->root + 1, "s/disk", NULL);
  const char *const mounts[] = { path, NULL };
  BkTreeRules rules = { .mounts = mounts };

  make (fixture, LIST ("s/", "s/disk/", "s/disk/x", "s/z"));
  g_assert_cmpstr (scan (fixture, &rules, LIST ("s"), 1), ==, "s !s/disk s/z ");
  g_assert_cmpstr (scan (fixture, &rules, LIST ("s/disk"), 1), ==, "!s/disk ");
  g_assert_cmpstr (scan (fixture, &rules, LIST ("s/disk/x"), 1), ==, "!s/disk ");
}

static void
test_linked_source (Fixture *fixture, gconstpointer data)
{
  BkTreeRules rules = { 0 };

  make (fixture, LIST ("real/", "real/a", "real/b/", "real/b/c"));
  g_assert_cmpint (symlinkat ("real", fixture->fd, "link"), ==, 0);
  g_assert_cmpint (symlinkat ("nowhere/x", fixture->fd, "broken"), ==, 0);
  g_assert_cmpstr (scan (fixture, &rules, LIST ("link"), 1), ==,
                   "link real real/a real/b real/b/c ");
  g_assert_cmpstr (scan (fixture, &rules, LIST ("link/b"), 1), ==, "real/b real/b/c ");
  g_assert_cmpstr (scan (fixture, &rules, LIST ("broken"), 1), ==, "broken !nowhere ");
}

static void
test_unreadable (Fixture *fixture, gconstpointer data)
{
  gboolean is_root = geteuid () == 0;

  make (fixture, LIST ("s/", "s/closed/", "s/closed/x", "s/list-only/", "s/list-only/y", "s/z"));
  g_assert_cmpint (fchmod (fixture->fd, 0755), ==, 0);
  g_assert_cmpint (fchmodat (fixture->fd, "s/closed", 0000, 0), ==, 0);
  g_assert_cmpint (fchmodat (fixture->fd, "s/list-only", 0444, 0), ==, 0);
  if (is_root)
    g_assert_cmpint (seteuid (65534), ==, 0);

  g_autofree char *path = g_build_filename (fixture->root, "s", NULL);
  char *sources[] = { path + 1, NULL };
  BkTreeRules rules = { .sources = sources };
  g_autoptr (BkTreeScan) walk = bk_tree_scan_new (&rules, 1, NULL);
  g_autoptr (GString) seen = g_string_new (NULL);
  const BkTreeScanItem *item;
  while ((item = bk_tree_scan_next (walk)) != NULL)
    {
      if (item->found.kind == BK_TREE_FOUND_UNREADABLE)
        g_assert_cmpint (item->errnum, ==, EACCES);
      g_string_append_printf (seen, "%s%s ",
                              item->found.kind == BK_TREE_FOUND_UNREADABLE ? "!" : "",
                              item->found.entry.path + strlen (fixture->root));
    }
  if (is_root)
    g_assert_cmpint (seteuid (0), ==, 0);
  g_assert_cmpint (fchmodat (fixture->fd, "s/closed", 0700, 0), ==, 0);
  g_assert_cmpint (fchmodat (fixture->fd, "s/list-only", 0700, 0), ==, 0);
  g_assert_cmpstr (seen->str, ==, "s s/closed !s/closed s/list-only !s/list-only/y s/z ");
}

static void
test_large_directory (Fixture *fixture, gconstpointer data)
{
  const guint in_one_go = 64;
  const guint n = 3 * in_one_go + 7;
  g_autoptr (GString) expected = g_string_new ("s ");
  BkTreeRules rules = { .limits.records_count = in_one_go };

  make (fixture, LIST ("s/"));
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *name = g_strdup_printf ("s/%05u", i);

      /* Some are directories with something in them, also on both sides of the seams. */
      if (i % 16 == 15 || i % in_one_go == 0)
        {
          g_autofree char *directory = g_strconcat (name, "/", NULL);
          g_autofree char *inside = g_strconcat (name, "/x", NULL);

          make (fixture, LIST (directory, inside));
          g_string_append_printf (expected, "%s %s ", name, inside);
          continue;
        }
      make (fixture, LIST (name));
      g_string_append_printf (expected, "%s ", name);
    }
  for (guint threads = 0; threads < 3; threads++)
    g_assert_cmpstr (scan (fixture, &rules, LIST ("s"), threads), ==, expected->str);
}

static void
test_deep (Fixture *fixture, gconstpointer data)
{
  const guint open_parents = 8;
  const guint depth = 10 * open_parents; /* also more than a search for work climbs */
  autofd int fd = dup (fixture->fd);
  g_autoptr (GString) path = g_string_new ("s");
  g_autoptr (GString) down = g_string_new (NULL);
  g_autoptr (GString) up = g_string_new (NULL);
  BkTreeRules rules = { .limits.open_parents_count = open_parents };

  for (guint i = 0; i < depth; i++)
    {
      const char *name = i == 0 ? "s" : "d";

      if (i > 0)
        g_string_append (path, "/d");
      g_assert_cmpint (mkdirat (fd, name, 0755), ==, 0);
      int next = openat (fd, name, O_RDONLY | O_DIRECTORY);
      close (fd);
      fd = next;
      autofd int file = openat (fd, "z", O_WRONLY | O_CREAT, 0644);
      g_assert_cmpint (file, >=, 0);
      g_string_append_printf (down, "%s ", path->str);
      g_autofree char *line = g_strdup_printf ("%s/z ", path->str);
      g_string_prepend (up, line);
    }
  g_string_append (down, up->str);
  for (guint threads = 0; threads < 3; threads++)
    g_assert_cmpstr (scan (fixture, &rules, LIST ("s"), threads), ==, down->str);
}

static void
test_left_early (Fixture *fixture, gconstpointer data)
{
  make (fixture, LIST ("s/", "s/a/", "s/a/b/", "s/a/b/c", "s/d/", "s/d/e", "s/f/", "s/f/g"));
  g_autofree char *path = g_build_filename (fixture->root, "s", NULL);
  char *sources[] = { path + 1, NULL };
  BkTreeRules rules = { .sources = sources };

  for (guint steps = 0; steps < 9; steps++)
    {
      g_autoptr (BkTreeScan) walk = bk_tree_scan_new (&rules, 2, NULL);

      for (guint i = 0; i < steps; i++)
        g_assert_nonnull (bk_tree_scan_next (walk));
    }
}

/* A clock that was wrong: the file's time has no place in 64 bits of nanoseconds, and is the nearest. */
static void
test_far_times (Fixture *fixture, gconstpointer data)
{
  static const gint64 seconds[] = { 14000000000, 9223372037 };
  const char *sources[] = { fixture->root, NULL };
  g_auto (GStrv) resolved = bk_tree_sources_resolve (sources, NULL);
  BkTreeRules rules = { .sources = resolved };

  make (fixture, LIST ("late"));
  for (guint i = 0; i < G_N_ELEMENTS (seconds); i++)
    {
      const struct timespec times[2] = { { .tv_sec = seconds[i] }, { .tv_sec = seconds[i] } };
      g_assert_cmpint (utimensat (fixture->fd, "late", times, 0), ==, 0);
      g_autoptr (BkTreeScan) walk = bk_tree_scan_new (&rules, 1, NULL);
      const BkTreeScanItem *item;
      gint64 mtime_nsec = 0;

      while ((item = bk_tree_scan_next (walk)) != NULL)
        {
          if (g_str_has_suffix (item->found.entry.path, "/late"))
            mtime_nsec = item->found.entry.mtime_nsec;
        }
      g_assert_cmpint (mtime_nsec, >, 0);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
  g_test_add ("/store/tree-scan/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("order-and-types", test_order_and_types);
  ADD ("left-out", test_left_out);
  ADD ("several-sources", test_several_sources);
  ADD ("missing", test_missing);
  ADD ("unmounted", test_unmounted);
  ADD ("linked-source", test_linked_source);
  ADD ("unreadable", test_unreadable);
  ADD ("large-directory", test_large_directory);
  ADD ("deep", test_deep);
  ADD ("far-times", test_far_times);
  ADD ("left-early", test_left_early);
  return g_test_run ();
}
