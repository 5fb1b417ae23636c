#include "ops/tree/restore.h"

#include "../store/tree-compare.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "store/tree/target.h"
#include "tree-points.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

static BkTreeRestoreRequest
request_for (TreePoints *fixture)
{
  return (BkTreeRestoreRequest){ .project_id = TREE_POINTS_PROJECT,
                                 .not_after_usecs = G_MAXINT64,
                                 .target = fixture->target_path };
}

static void
restore (TreePoints *fixture, const BkTreeRestoreRequest *request)
{
  g_auto (BkTreeRestoreOutcome) outcome = { 0 };
  g_autoptr (GError) error = NULL;

  bk_tree_restore (fixture->repository, request, NULL, &outcome, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (outcome.warnings_count, ==, 0);
  g_assert_cmpuint (outcome.extracted.done_count, ==, outcome.plan.entries_count);
}

static void
copy_source (TreePoints *fixture, const char *name)
{
  g_autofree char *copy = tree_points_below (fixture->path, name);
  const char *const argv[] = { "cp", "-a", fixture->source_path, copy, NULL };

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               NULL, NULL, NULL));
}

static void
assert_restored (TreePoints *fixture, const char *expected_name)
{
  g_autofree char *expected = tree_points_below (fixture->path, expected_name);
  g_autofree char *staging = tree_points_below (fixture->target_path, BK_TREE_TARGET_STAGING);

  assert_trees_equal (expected, fixture->below_target);
  g_assert_false (g_file_test (staging, G_FILE_TEST_EXISTS));
}

static void
test_full (TreePoints *fixture, gconstpointer data)
{
  BkTreeRestoreRequest request = request_for (fixture);

  tree_points_make_source (fixture);
  tree_points_back_up (fixture, GPOINTER_TO_INT (data));
  restore (fixture, &request);
  assert_restored (fixture, "source");
}

static void
test_points (TreePoints *fixture, gconstpointer data)
{
  BkTreeRestoreRequest request = request_for (fixture);

  tree_points_make_source (fixture);
  tree_points_back_up (fixture, GPOINTER_TO_INT (data));
  copy_source (fixture, "first");
  tree_points_change_source (fixture);
  tree_points_back_up (fixture, GPOINTER_TO_INT (data));
  copy_source (fixture, "second");
  tree_points_replace_first_link (fixture);
  tree_points_back_up (fixture, GPOINTER_TO_INT (data));

  restore (fixture, &request);
  assert_restored (fixture, "source");
  for (guint i = 0; i < 2; i++)
    {
      tree_points_remove (fixture->target_path);
      request.not_after_usecs = TREE_POINTS_FIRST_USECS + i * TREE_POINTS_DAY_USECS;
      restore (fixture, &request);
      assert_restored (fixture, i == 0 ? "first" : "second");
    }
}

static void
test_mirror (TreePoints *fixture, gconstpointer data)
{
  BkTreeRestoreRequest request = request_for (fixture);
  g_auto (BkTreeRestoreOutcome) outcome = { 0 };
  g_autoptr (GError) error = NULL;
  g_autofree char *outside = tree_points_below (fixture->target_path, "outside");

  tree_points_make_source (fixture);
  tree_points_back_up (fixture, BK_TREE_COMPRESSION_ZSTD);
  copy_source (fixture, "first");
  restore (fixture, &request);
  tree_points_change_source (fixture);
  tree_points_back_up (fixture, BK_TREE_COMPRESSION_ZSTD);
  g_assert_true (g_file_set_contents (outside, "not ours", -1, NULL));

  g_assert_false (bk_tree_restore (fixture->repository, &request, NULL, &outcome, NULL, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_USAGE);
  g_clear_error (&error);
  bk_tree_restore_outcome_clear (&outcome);

  request.removes_extra = TRUE;
  g_assert_false (bk_tree_restore (fixture->repository, &request, NULL, &outcome, NULL, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_USAGE);
  g_clear_error (&error);

  /* “removed”, and what was in the directory that is a file now. */
  request.overwrite = TRUE;
  bk_tree_restore_plan (fixture->repository, &request, &outcome, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (outcome.extra_count, ==, 2);
  bk_tree_restore_outcome_clear (&outcome);
  restore (fixture, &request);
  assert_restored (fixture, "source");
  g_assert_true (g_file_test (outside, G_FILE_TEST_EXISTS));

  /* And back. */
  request.not_after_usecs = TREE_POINTS_FIRST_USECS;
  restore (fixture, &request);
  assert_restored (fixture, "first");
  g_assert_true (g_file_test (outside, G_FILE_TEST_EXISTS));
}

static void
test_overwrite_keeps (TreePoints *fixture, gconstpointer data)
{
  BkTreeRestoreRequest request = request_for (fixture);
  g_auto (BkTreeRestoreOutcome) outcome = { 0 };
  g_autoptr (GError) error = NULL;
  g_autofree char *kept = tree_points_below (fixture->below_target, "mine");
  g_autofree char *removed = tree_points_below (fixture->below_target, "removed");
  g_autofree char *in_the_way = tree_points_below (fixture->below_target, "becomes-file/below");

  tree_points_make_source (fixture);
  tree_points_back_up (fixture, BK_TREE_COMPRESSION_ZSTD);
  restore (fixture, &request);
  tree_points_change_source (fixture);
  tree_points_back_up (fixture, BK_TREE_COMPRESSION_ZSTD);
  g_assert_true (g_file_set_contents (kept, "mine", -1, NULL));

  /* A directory that is not empty is not thrown away for a file; all else is restored. */
  request.overwrite = TRUE;
  g_assert_false (bk_tree_restore (fixture->repository, &request, NULL, &outcome, NULL, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_INTEGRITY);
  g_assert_cmpuint (outcome.extracted.failed_count, ==, 1);
  g_assert_cmpuint (outcome.extracted.done_count, ==, outcome.plan.entries_count - 1);
  g_assert_true (g_file_test (kept, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (removed, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (in_the_way, G_FILE_TEST_EXISTS));
}

static void
test_file (TreePoints *fixture, gconstpointer data)
{
  static const struct
  {
    const char *file;
    guint64 count;
  } cases[] = {
    { "/srv/source/kept", 1 },
    { "srv/source/directory/", 6 },
    { "/srv/source/directory/link-c", 1 },
    { "/srv/source/sparse", 1 },
    { "/", 19 },
  };

  tree_points_make_source (fixture);
  tree_points_back_up (fixture, GPOINTER_TO_INT (data));
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      BkTreeRestoreRequest request = request_for (fixture);
      g_auto (BkTreeRestoreOutcome) outcome = { 0 };
      g_autoptr (GError) error = NULL;
      struct stat st, restored;

      tree_points_remove (fixture->target_path);
      request.file = cases[i].file;
      bk_tree_restore (fixture->repository, &request, NULL, &outcome, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (outcome.extracted.done_count, ==, cases[i].count);
      if (cases[i].count != 1)
        continue;
      g_autofree char *source = tree_points_below (fixture->path, cases[i].file + strlen ("/srv/"));
      g_autofree char *target = tree_points_below (fixture->target_path, cases[i].file);
      g_assert_cmpint (g_lstat (source, &st), ==, 0);
      g_assert_cmpint (g_lstat (target, &restored), ==, 0);
      g_assert_cmpint (st.st_size, ==, restored.st_size);
      g_assert_cmpint (st.st_mtim.tv_nsec, ==, restored.st_mtim.tv_nsec);
    }

  BkTreeRestoreRequest request = request_for (fixture);
  g_auto (BkTreeRestoreOutcome) outcome = { 0 };
  g_autoptr (GError) error = NULL;
  request.file = "/srv/source/nothing";
  g_assert_false (bk_tree_restore (fixture->repository, &request, NULL, &outcome, NULL, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_NOT_FOUND);
  g_clear_error (&error);
  bk_tree_restore_outcome_clear (&outcome);
  request.file = "/srv/../etc";
  g_assert_false (bk_tree_restore (fixture->repository, &request, NULL, &outcome, NULL, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_USAGE);
}

/* As many entries as a restore remembers, and one more: both ways lead to the same. */
static void
test_many (TreePoints *fixture, gconstpointer data)
{
  tree_points_make_source (fixture);
  autofd int many = bk_make_directory_at (fixture->source, "many", 0750, NULL);
  tree_points_back_up (fixture, BK_TREE_COMPRESSION_ZSTD);
  for (guint i = 0; i < 64; i++)
    {
      g_autofree char *name = g_strdup_printf ("file-%02u", i);

      tree_points_write_file (many, name, name);
    }
  g_assert_cmpint (linkat (many, "file-00", many, "file-63-link", 0), ==, 0);
  for (guint count = 66; count >= 64; count--)
    {
      BkTreeRestoreRequest request = request_for (fixture);
      g_auto (BkTreeRestoreOutcome) outcome = { 0 };
      g_autofree char *restored = NULL;
      g_autofree char *source = tree_points_below (fixture->source_path, "many");
      g_autofree char *last = g_strdup_printf ("file-%02u", count - 3);
      g_autoptr (GError) error = NULL;

      tree_points_back_up (fixture, BK_TREE_COMPRESSION_ZSTD);
      tree_points_remove (fixture->target_path);
      request.file = "/srv/source/many";
      bk_tree_restore (fixture->repository, &request, NULL, &outcome, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (outcome.extracted.done_count, ==, count);
      restored = tree_points_below (fixture->below_target, "many");
      assert_trees_equal (source, restored);
      g_assert_cmpint (unlinkat (many, last, 0), ==, 0);
    }
}

/* Whatever links stand in the target, nothing is written through them. */
static void
test_links_in_target (TreePoints *fixture, gconstpointer data)
{
  BkTreeRestoreRequest request = request_for (fixture);
  g_autofree char *victim = tree_points_below (fixture->path, "victim");
  g_autofree char *srv = tree_points_below (fixture->target_path, "srv");
  g_autofree char *kept = tree_points_below (fixture->below_target, "kept");
  g_autofree char *secret = tree_points_below (victim, "secret");
  g_autofree char *text = NULL;

  tree_points_make_source (fixture);
  tree_points_back_up (fixture, BK_TREE_COMPRESSION_ZSTD);
  g_assert_cmpint (g_mkdir (victim, 0755), ==, 0);
  g_assert_true (g_file_set_contents (secret, "secret", -1, NULL));
  g_assert_cmpint (g_mkdir (fixture->target_path, 0755), ==, 0);
  request.overwrite = TRUE;

  g_assert_cmpint (symlink (victim, srv), ==, 0);
  restore (fixture, &request);
  assert_restored (fixture, "source");

  g_assert_cmpint (g_unlink (kept), ==, 0);
  g_assert_cmpint (symlink (secret, kept), ==, 0);
  restore (fixture, &request);
  assert_restored (fixture, "source");

  g_autoptr (GDir) dir = g_dir_open (victim, 0, NULL);
  g_assert_cmpstr (g_dir_read_name (dir), ==, "secret");
  g_assert_null (g_dir_read_name (dir));
  g_assert_true (g_file_get_contents (secret, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "secret");
}

static void
test_interrupted (TreePoints *fixture, gconstpointer data)
{
  BkTreeRestoreRequest request = request_for (fixture);
  g_autofree char *staging = tree_points_below (fixture->target_path, BK_TREE_TARGET_STAGING);
  g_autofree char *marker = tree_points_below (fixture->target_path, BK_TREE_TARGET_MARKER);
  g_autofree char *half = tree_points_below (staging, "new");
  g_autoptr (GError) error = NULL;
  g_auto (BkTreeRestoreOutcome) outcome = { 0 };

  tree_points_make_source (fixture);
  tree_points_back_up (fixture, BK_TREE_COMPRESSION_ZSTD);
  restore (fixture, &request);

  /* What a kill in the middle leaves: some of it restored, one thing half made. */
  g_assert_cmpint (g_mkdir (staging, 0700), ==, 0);
  g_assert_true (
      g_file_set_contents (marker, TREE_POINTS_PROJECT "/2026-11-20T02-00-00\n", -1, NULL));
  g_assert_true (g_file_set_contents (half, "half", -1, NULL));
  restore (fixture, &request);
  assert_restored (fixture, "source");

  /* Of another restore it is no such word. */
  g_assert_cmpint (g_mkdir (staging, 0700), ==, 0);
  g_assert_true (g_file_set_contents (marker, "another", -1, NULL));
  g_assert_false (bk_tree_restore (fixture->repository, &request, NULL, &outcome, NULL, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_USAGE);
}

static void
test_broken_archive (TreePoints *fixture, gconstpointer data)
{
  BkTreeRestoreRequest request = request_for (fixture);
  g_auto (BkTreeRestoreOutcome) outcome = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  guint8 noise[64 * 1024];

  for (gsize i = 0; i < sizeof noise; i++)
    noise[i] = (guint8) g_rand_int (rand);
  for (guint i = 0; i < 200; i++)
    {
      g_autofree char *name = g_strdup_printf ("file-%03u", i);
      autofd int fd = openat (fixture->source, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

      g_assert_cmpint (write (fd, noise, sizeof noise), ==, sizeof noise);
      g_assert_cmpint (write (fd, name, 8), ==, 8);
      noise[i] ^= 0x55;
    }
  tree_points_back_up (fixture, BK_TREE_COMPRESSION_ZSTD);
  autofd int fd =
      openat (fixture->generation, "2026-11-20T02-00-00.full.tar.zst", O_RDWR | O_CLOEXEC);
  off_t middle = lseek (fd, 0, SEEK_END) / 2;
  g_assert_cmpint (pwrite (fd, "broken", 6, middle), ==, 6);

  g_assert_false (bk_tree_restore (fixture->repository, &request, NULL, &outcome, NULL, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_INTEGRITY);
  g_assert_cmpuint (outcome.extracted.failed_count, >, 0);
  g_assert_cmpuint (outcome.extracted.failed_count, <, 40);
  g_assert_cmpuint (outcome.extracted.done_count, ==, 201 - outcome.extracted.failed_count);
}

static gboolean
count_entry (const BkTreeEntry *entry, const char *archive_name, gpointer user_data, GError **error)
{
  guint *count = user_data;

  g_assert_cmpstr (archive_name, !=, "(missing)");
  ++*count;
  return TRUE;
}

static void
test_list (TreePoints *fixture, gconstpointer data)
{
  BkTreeRestoreRequest request = request_for (fixture);
  g_auto (BkTreeRestoreOutcome) outcome = { 0 };
  g_autoptr (GError) error = NULL;
  guint count = 0;

  tree_points_make_source (fixture);
  tree_points_back_up (fixture, BK_TREE_COMPRESSION_ZSTD);
  request.target = NULL;
  bk_tree_restore_list (fixture->repository, &request, count_entry, &count, &outcome, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (count, ==, 19);
  bk_tree_restore_outcome_clear (&outcome);

  request.generation = "gen-2026-11-21";
  g_assert_false (bk_tree_restore_list (fixture->repository, &request, count_entry, &count,
                                        &outcome, NULL, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_NOT_FOUND);
  g_clear_error (&error);

  request.generation = NULL;
  request.not_after_usecs = TREE_POINTS_FIRST_USECS - 1;
  g_assert_false (bk_tree_restore_list (fixture->repository, &request, count_entry, &count,
                                        &outcome, NULL, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_NOT_FOUND);
}

int
main (int argc, char **argv)
{
#define ADD(name, compression, func)                                                               \
  g_test_add ("/ops/tree-restore/" name, TreePoints, GINT_TO_POINTER (compression),                \
              tree_points_set_up, func, tree_points_tear_down)
  g_test_init (&argc, &argv, NULL);
  ADD ("full", BK_TREE_COMPRESSION_ZSTD, test_full);
  ADD ("full-gzip", BK_TREE_COMPRESSION_GZIP, test_full);
  ADD ("points", BK_TREE_COMPRESSION_ZSTD, test_points);
  ADD ("points-gzip", BK_TREE_COMPRESSION_GZIP, test_points);
  ADD ("mirror", 0, test_mirror);
  ADD ("overwrite-keeps", 0, test_overwrite_keeps);
  ADD ("file", BK_TREE_COMPRESSION_ZSTD, test_file);
  ADD ("file-gzip", BK_TREE_COMPRESSION_GZIP, test_file);
  ADD ("many", 0, test_many);
  ADD ("links-in-target", 0, test_links_in_target);
  ADD ("interrupted", 0, test_interrupted);
  ADD ("broken-archive", 0, test_broken_archive);
  ADD ("list", 0, test_list);
  return g_test_run ();
}
