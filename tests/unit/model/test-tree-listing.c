#include "model/tree-listing.h"

#include <string.h>

#define DIRECTORY (BK_TREE_MODE_DIRECTORY | 0755)

/* A manifest of two sources, in its order: '/' sorts before every other byte. */
static const struct
{
  const char *path;
  guint32 mode;
  gint64 size_bytes;
} tree[] = {
  { "etc/app", DIRECTORY, 0 },
  { "etc/app/app.conf", 0644, 10 },
  { "srv/data", DIRECTORY, 0 },
  { "srv/data/a", DIRECTORY, 0 },
  { "srv/data/a/deep", DIRECTORY, 0 },
  { "srv/data/a/deep/Report.CSV", 0644, 100 },
  { "srv/data/a/x", 0644, 1 },
  { "srv/data/a.b", 0600, 7 },
  { "srv/data/link", BK_TREE_MODE_SYMLINK | 0777, 3 },
  { "srv/data/\xc3\x81gua.txt", 0644, 5 },
  { "srv/data2", DIRECTORY, 0 },
};

typedef struct
{
  const char *what;
  const char *directory;
  const char *search;
  const char *expected; /* name or, when searching, path; of a directory what is below it */
  guint fed_count;      /* how far it had to read */
} Case;

static const Case cases[] = {
  { "root", "", NULL, "etc 2/10 implied, srv 9/113 implied", 11 },
  { "above-sources", "srv", NULL, "data 7/113, data2 0/0", 11 },
  { "source", "srv/data", NULL, "a 3/101, a.b, link, \xc3\x81gua.txt", 11 },
  { "below", "srv/data/a", NULL, "deep 1/100, x", 8 },
  { "first-of-all", "etc/app", NULL, "app.conf", 3 },
  { "empty", "srv/data2", NULL, "", 11 },
  { "search", "", "report", "srv/data/a/deep/Report.CSV", 11 },
  { "search-below", "srv/data/a", "a", "", 8 },
  { "search-not-ascii", "", "\xc3\xa1GUA", "srv/data/\xc3\x81gua.txt", 11 },
  { "search-pattern", "", "*.c??", "srv/data/a/deep/Report.CSV", 11 },
  { "search-whole-name", "", "app", "etc/app, etc/app/app.conf", 11 },
};

typedef struct
{
  const Case *c;
  GString *found;
} Collecting;

static gboolean
collect (const BkTreeListed *listed, gpointer user_data)
{
  Collecting *collecting = user_data;
  GString *found = collecting->found;

  g_assert_true (g_str_has_suffix (listed->path, listed->name));
  if (found->len > 0)
    g_string_append (found, ", ");
  g_string_append (found, collecting->c->search != NULL ? listed->path : listed->name);
  if (collecting->c->search == NULL && (listed->mode & BK_TREE_MODE_DIRECTORY) != 0)
    g_string_append_printf (found, " %" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT "%s",
                            listed->below_count, listed->below_bytes,
                            listed->is_implied ? " implied" : "");
  return TRUE;
}

static BkTreeEntry
entry_of (guint i)
{
  return (BkTreeEntry){ .path = tree[i].path,
                        .path_length = (guint16) strlen (tree[i].path),
                        .mode = tree[i].mode,
                        .size_bytes = tree[i].size_bytes };
}

static guint
feed_all (BkTreeListing *listing)
{
  guint count = 0;
  gboolean goes_on = TRUE;

  while (goes_on && count < G_N_ELEMENTS (tree))
    {
      BkTreeEntry entry = entry_of (count++);
      goes_on = bk_tree_listing_feed (listing, &entry);
    }
  return count;
}

static void
test_case (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (GString) found = g_string_new (NULL);
  Collecting collecting = { c, found };
  g_autoptr (BkTreeListing) listing =
      bk_tree_listing_new (c->directory, c->search, collect, &collecting);
  gboolean is_directory;

  g_assert_cmpuint (feed_all (listing), ==, c->fed_count);
  g_assert_true (bk_tree_listing_end (listing));
  g_assert_cmpstr (found->str, ==, c->expected);
  g_assert_true (bk_tree_listing_is_found (listing, &is_directory));
  g_assert_true (is_directory);
}

static gboolean
stop_at_once (const BkTreeListed *listed, gpointer user_data)
{
  ++*(guint *) user_data;
  return FALSE;
}

static void
test_stops (void)
{
  guint count = 0;
  g_autoptr (BkTreeListing) listing = bk_tree_listing_new ("", "a", stop_at_once, &count);

  g_assert_cmpuint (feed_all (listing), ==, 1);
  g_assert_cmpuint (count, ==, 1);
}

static void
test_not_there (void)
{
  guint count = 0;
  gboolean is_directory;
  g_autoptr (BkTreeListing) lacking = bk_tree_listing_new ("srv/dat", NULL, stop_at_once, &count);
  g_autoptr (BkTreeListing) file = bk_tree_listing_new ("srv/data/a.b", NULL, stop_at_once, &count);

  feed_all (lacking);
  g_assert_false (bk_tree_listing_is_found (lacking, &is_directory));
  feed_all (file);
  g_assert_true (bk_tree_listing_is_found (file, &is_directory));
  g_assert_false (is_directory);
  g_assert_cmpuint (count, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/model/tree-listing/", cases[i].what, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  g_test_add_func ("/model/tree-listing/stops", test_stops);
  g_test_add_func ("/model/tree-listing/not-there", test_not_there);
  return g_test_run ();
}
