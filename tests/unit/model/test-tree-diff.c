#include "model/tree-diff.h"

#include <string.h>

#define SEC G_GINT64_CONSTANT (1000000000)
#define START (1000 * SEC + 7)

typedef struct
{
  const char *what;
  const char *found; /* NULL: at its end */
  const char *previous;
  gint64 mtime, size, ctime;
  guint32 mode;
  gint64 old_mtime, old_size;
  guint32 old_mode;
  gboolean unreadable;
  gboolean mtime_only;
  BkTreeChange change;
} Case;

static const Case cases[] = {
  { "same", "a", "a", 5, 1, 6, 0644, 5, 1, 0644, 0, 0, BK_TREE_UNCHANGED },
  { "mtime", "a", "a", 6, 1, 6, 0644, 5, 1, 0644, 0, 0, BK_TREE_MODIFIED },
  { "older-mtime", "a", "a", 4, 1, 6, 0644, 5, 1, 0644, 0, 0, BK_TREE_MODIFIED },
  { "size", "a", "a", 5, 2, 6, 0644, 5, 1, 0644, 0, 0, BK_TREE_MODIFIED },
  { "mode", "a", "a", 5, 1, 6, 0600, 5, 1, 0644, 0, 0, BK_TREE_MODIFIED },
  { "type", "a", "a", 5, 0, 6, BK_TREE_MODE_DIRECTORY | 0755, 5, 0, 0755, 0, 0, BK_TREE_MODIFIED },
  { "ctime-after-start", "a", "a", 5, 1, START + 1, 0644, 5, 1, 0644, 0, 0, BK_TREE_MODIFIED },
  { "ctime-at-start", "a", "a", 5, 1, START, 0644, 5, 1, 0644, 0, 0, BK_TREE_MODIFIED },
  { "ctime-in-grain", "a", "a", 5, 1, START - 10, 0644, 5, 1, 0644, 0, 0, BK_TREE_MODIFIED },
  { "ctime-before-grain", "a", "a", 5, 1, START - 11, 0644, 5, 1, 0644, 0, 0, BK_TREE_UNCHANGED },
  { "ctime-in-whole-seconds", "a", "a", 5, 1, 999 * SEC, 0644, 5, 1, 0644, 0, 0, BK_TREE_MODIFIED },
  { "ctime-long-before", "a", "a", 5, 1, 998 * SEC, 0644, 5, 1, 0644, 0, 0, BK_TREE_UNCHANGED },
  { "mtime-only-new-ctime", "a", "a", 5, 1, START + 1, 0644, 5, 1, 0644, 0, 1, BK_TREE_UNCHANGED },
  { "mtime-only-racy", "a", "a", START, 1, 6, 0644, START, 1, 0644, 0, 1, BK_TREE_MODIFIED },
  { "added", "a", "b", 5, 1, 6, 0644, 5, 1, 0644, 0, 0, BK_TREE_ADDED },
  { "added-at-end", "a", NULL, 5, 1, 6, 0644, 0, 0, 0, 0, 0, BK_TREE_ADDED },
  { "deleted", "b", "a", 5, 1, 6, 0644, 5, 1, 0644, 0, 0, BK_TREE_DELETED },
  { "deleted-at-end", NULL, "a", 0, 0, 0, 0, 5, 1, 0644, 0, 0, BK_TREE_DELETED },
  { "deleted-below", "a.b", "a/b", 5, 1, 6, 0644, 5, 1, 0644, 0, 0, BK_TREE_DELETED },
  { "added-below", "a/b", "a.b", 5, 1, 6, 0644, 5, 1, 0644, 0, 0, BK_TREE_ADDED },
  { "carried-itself", "a", "a", 0, 0, 0, 0, 5, 1, 0644, 1, 0, BK_TREE_CARRIED },
  { "carried-below", "a", "a/b/c", 0, 0, 0, 0, 5, 1, 0644, 1, 0, BK_TREE_CARRIED },
  { "not-carried-beside", "a", "a.b", 0, 0, 0, 0, 5, 1, 0644, 1, 0, BK_TREE_PASSED },
  { "not-carried-before", "b", "a", 0, 0, 0, 0, 5, 1, 0644, 1, 0, BK_TREE_DELETED },
  { "unreadable-at-end", "a", NULL, 0, 0, 0, 0, 0, 0, 0, 1, 0, BK_TREE_PASSED },
};

static void
test_case (gconstpointer data)
{
  const Case *c = data;
  BkTreeDiffRule rule = { .previous_start_nsec = START, .use_ctime = !c->mtime_only };
  BkTreeFound found = {
    .kind = c->unreadable ? BK_TREE_FOUND_UNREADABLE : BK_TREE_FOUND_ENTRY,
    .entry = { c->found, c->found != NULL ? (guint16) strlen (c->found) : 0, 0, c->mode, c->mtime,
               c->size },
    .ctime_nsec = c->ctime,
    .grain_nsec = 10,
  };
  BkTreeEntry previous = { c->previous,
                           c->previous != NULL ? (guint16) strlen (c->previous) : 0,
                           0,
                           c->old_mode,
                           c->old_mtime,
                           c->old_size };

  g_assert_cmpint (bk_tree_diff_step (&rule, c->found != NULL ? &found : NULL,
                                      c->previous != NULL ? &previous : NULL),
                   ==, c->change);
}

static void
test_takes (void)
{
  static const struct
  {
    BkTreeChange change;
    gboolean found, previous;
  } takes[] = {
    { BK_TREE_ADDED, TRUE, FALSE },    { BK_TREE_MODIFIED, TRUE, TRUE },
    { BK_TREE_UNCHANGED, TRUE, TRUE }, { BK_TREE_DELETED, FALSE, TRUE },
    { BK_TREE_CARRIED, FALSE, TRUE },  { BK_TREE_PASSED, TRUE, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (takes); i++)
    {
      g_assert_cmpint (bk_tree_change_takes_found (takes[i].change), ==, takes[i].found);
      g_assert_cmpint (bk_tree_change_takes_previous (takes[i].change), ==, takes[i].previous);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/model/tree-diff/", cases[i].what, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  g_test_add_func ("/model/tree-diff/takes", test_takes);
  return g_test_run ();
}
