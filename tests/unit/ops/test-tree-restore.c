#include "ops/tree/restore.h"

#include "../store/tree-compare.h"
#include "base/atomic-file.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "format/json.h"
#include "format/metadata.h"
#include "model/tree-entry.h"
#include "store/tree/target.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define PROJECT "tree/host1/data"
#define GENERATION PROJECT "/gen-2026-11-20"
#define DAY_USECS (G_GINT64_CONSTANT (86400000000))
#define FIRST_USECS (G_GINT64_CONSTANT (1795140000) * 1000000) /* 2026-11-20 */

/* A repository with points of one tree, made of the parts that make them; which of what is in the
 * source has changed is told by what stat() said the time before. */
typedef struct
{
  char *path;
  int dirfd;
  int source;
  char *source_path;
  char *target_path;
  char *below_target; /* where the source's own directory is in the target */
  BkRepository *repository;
  int generation;
  guint points_count;
  GHashTable *before; /* path → Known */
} Fixture;

typedef struct
{
  struct stat st;
  guint8 origin;
} Known;

typedef struct
{
  char *path;
  struct stat st;
  guint8 origin;
} Record;

static char *
below (const char *directory, const char *name)
{
  return g_build_filename (directory, name, NULL);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->path = g_dir_make_tmp ("bk-restore-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->dirfd = bk_open_directory (fixture->path, NULL);
  fixture->source = bk_make_directory_at (fixture->dirfd, "source", 0755, &error);
  g_assert_no_error (error);
  fixture->source_path = below (fixture->path, "source");
  fixture->target_path = below (fixture->path, "target");
  fixture->below_target = below (fixture->target_path, "srv/source");
  g_autofree char *repository_path = below (fixture->path, "repository");
  fixture->repository = bk_repository_open_or_create (repository_path, &error);
  g_assert_no_error (error);
  fixture->generation =
      bk_make_directory_at (bk_repository_fd (fixture->repository), GENERATION, 0700, &error);
  g_assert_no_error (error);
  fixture->before = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

static void
remove_all (const char *path)
{
  const char *const argv[] = { "rm", "-rf", path, NULL };

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               NULL, NULL, NULL));
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  remove_all (fixture->path);
  bk_fd_clear (&fixture->generation);
  bk_fd_clear (&fixture->source);
  bk_fd_clear (&fixture->dirfd);
  g_object_unref (fixture->repository);
  g_hash_table_unref (fixture->before);
  g_free (fixture->path);
  g_free (fixture->source_path);
  g_free (fixture->target_path);
  g_free (fixture->below_target);
}

/* ---- making points ---- */

static void
on_settled (gpointer input_data, const BkTreeArchiveResult *result, gpointer user_data)
{
  g_assert_cmpint (result->outcome, ==, BK_TREE_STORED);
}

typedef struct
{
  Fixture *fixture;
  BkTreeArchiveWriter *writer;
  GPtrArray *records;
  GHashTable *links; /* inode → path, of this archive */
  guint8 origin;
} Backup;

static gboolean
is_changed (const struct stat *now, const struct stat *then)
{
  return now->st_ino != then->st_ino || now->st_size != then->st_size ||
         now->st_mode != then->st_mode || now->st_mtim.tv_sec != then->st_mtim.tv_sec ||
         now->st_mtim.tv_nsec != then->st_mtim.tv_nsec ||
         now->st_ctim.tv_sec != then->st_ctim.tv_sec ||
         now->st_ctim.tv_nsec != then->st_ctim.tv_nsec;
}

static void
back_up_one (Backup *backup, int dirfd, const char *name, const char *path)
{
  g_autoptr (GError) error = NULL;
  Record *record = g_new0 (Record, 1);
  const Known *known = g_hash_table_lookup (backup->fixture->before, path);

  g_assert_cmpint (fstatat (dirfd, name, &record->st, AT_SYMLINK_NOFOLLOW), ==, 0);
  record->path = g_strdup (path);
  record->origin = backup->origin;
  g_ptr_array_add (backup->records, record);
  if (known != NULL && !is_changed (&record->st, &known->st))
    {
      record->origin = known->origin;
      return;
    }

  g_autofree char *inode = g_strdup_printf ("%lu", (unsigned long) record->st.st_ino);
  BkTreeArchiveInput input = {
    .path = path,
    .dirfd = dirfd,
    .name = name,
    .mode = record->st.st_mode,
    .size_bytes = (guint64) record->st.st_size,
    .hardlink_target =
        S_ISDIR (record->st.st_mode) ? NULL : g_hash_table_lookup (backup->links, inode),
  };
  bk_tree_archive_writer_add (backup->writer, &input, NULL, &error);
  g_assert_no_error (error);
  if (input.hardlink_target == NULL)
    g_hash_table_insert (backup->links, g_steal_pointer (&inode), g_strdup (path));
}

static void
back_up_below (Backup *backup, int dirfd, const char *prefix)
{
  g_autoptr (GPtrArray) names = bk_list_directory (dirfd, NULL);

  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      g_autofree char *path = g_strconcat (prefix, "/", name, NULL);
      autofd int child = openat (dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

      back_up_one (backup, dirfd, name, path);
      if (child >= 0)
        back_up_below (backup, child, path);
    }
}

static void
write_manifest (Backup *backup, const char *name)
{
  g_autoptr (GError) error = NULL;
  autofd int fd =
      openat (backup->fixture->generation, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  g_autoptr (BkNbkmWriter) writer =
      bk_nbkm_writer_new (fd, 0, backup->origin, backup->records->len, &error);

  g_assert_no_error (error);
  g_hash_table_remove_all (backup->fixture->before);
  for (guint i = 0; i < backup->records->len; i++)
    {
      const Record *record = g_ptr_array_index (backup->records, i);
      gboolean has_size = S_ISREG (record->st.st_mode) || S_ISLNK (record->st.st_mode);
      BkTreeEntry entry = {
        .path = record->path,
        .path_length = (guint16) strlen (record->path),
        .origin = record->origin,
        .mode = bk_tree_mode_from_stat (record->st.st_mode),
        .mtime_nsec = record->st.st_mtim.tv_sec * 1000000000 + record->st.st_mtim.tv_nsec,
        .size_bytes = has_size ? record->st.st_size : 0,
      };
      Known *known = g_new0 (Known, 1);

      bk_nbkm_writer_add (writer, &entry, &error);
      g_assert_no_error (error);
      known->st = record->st;
      known->origin = record->origin;
      g_hash_table_insert (backup->fixture->before, g_strdup (record->path), known);
    }
  bk_nbkm_writer_finish (writer, NULL, &error);
  g_assert_no_error (error);
}

static void
record_free (gpointer data)
{
  Record *record = data;

  g_free (record->path);
  g_free (record);
}

static void
write_metadata (Fixture *fixture, const char *id, const char *archive, const char *manifest)
{
  g_autoptr (GError) error = NULL;
  gboolean is_full = fixture->points_count == 0;
  g_autoptr (BkBackup) backup =
      bk_backup_new (id, PROJECT, is_full ? BK_BACKUP_FULL : BK_BACKUP_INCREMENTAL);
  const char *const names[] = { archive, manifest };

  backup->status = BK_BACKUP_COMPLETED;
  backup->created_usecs = FIRST_USECS + fixture->points_count * DAY_USECS;
  backup->completed_usecs = backup->created_usecs + 1000;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      autofd int fd = openat (fixture->generation, names[i], O_RDONLY | O_CLOEXEC);
      guint64 size_bytes;
      g_autofree char *sha256 =
          bk_sha256_of_fd (fd, names[i], &size_bytes, NULL, NULL, NULL, &error);

      g_assert_no_error (error);
      bk_backup_add_file (backup, names[i], size_bytes, sha256);
    }
  backup->checksum = bk_backup_files_checksum (backup);
  g_autoptr (JsonNode) node = bk_metadata_to_json (backup, TRUE);
  g_autofree char *text = bk_json_to_text (node, TRUE);
  g_autofree char *name = g_strconcat (id, ".metadata.json", NULL);
  bk_atomic_write (fixture->generation, name, text, strlen (text), 0600, &error);
  g_assert_no_error (error);
}

static void
back_up (Fixture *fixture, BkTreeCompression compression)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *id = g_strdup_printf ("2026-11-%02uT02-00-00", 20 + fixture->points_count);
  g_autofree char *archive =
      g_strdup_printf ("%s.%s.%s", id, fixture->points_count == 0 ? "full" : "incr",
                       bk_tree_compression_suffix (compression));
  g_autofree char *manifest = g_strconcat (id, ".manifest.nbkm", NULL);
  BkTreeArchiveOptions options = { .compression = compression };
  Backup backup = {
    .fixture = fixture,
    .records = g_ptr_array_new_with_free_func (record_free),
    .links = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free),
    .origin = (guint8) fixture->points_count,
  };

  backup.writer =
      bk_tree_archive_writer_new (fixture->generation, archive, &options, on_settled, NULL, &error);
  g_assert_no_error (error);
  back_up_one (&backup, fixture->dirfd, "source", "srv/source");
  back_up_below (&backup, fixture->source, "srv/source");
  bk_tree_archive_writer_finish (backup.writer, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  write_manifest (&backup, manifest);
  write_metadata (fixture, id, archive, manifest);
  fixture->points_count++;
  bk_tree_archive_writer_free (backup.writer);
  g_ptr_array_unref (backup.records);
  g_hash_table_unref (backup.links);
}

/* ---- the source ---- */

static void
write_file (int dirfd, const char *name, const char *text)
{
  autofd int fd = openat (dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, text, strlen (text)), ==, strlen (text));
}

static void
set_time (int dirfd, const char *name, time_t secs, long nsecs)
{
  struct timespec times[2] = { { secs, nsecs }, { secs, nsecs } };

  g_assert_cmpint (utimensat (dirfd, name, times, AT_SYMLINK_NOFOLLOW), ==, 0);
}

static void
make_source (Fixture *fixture)
{
  int source = fixture->source;
  autofd int directory = bk_make_directory_at (source, "directory", 0750, NULL);
  autofd int deep = bk_make_directory_at (source, "directory/deep/deeper", 0700, NULL);
  autofd int sparse = openat (source, "sparse", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

  write_file (source, "kept", "kept");
  write_file (source, "changed", "before");
  write_file (source, "removed", "removed");
  write_file (source, "becomes-directory", "file");
  write_file (source, "not-utf8-\xff", "x");
  write_file (directory, "inner", "inner");
  write_file (deep, "deepest", "deepest");
  g_assert_cmpint (mkdirat (source, "becomes-file", 0711), ==, 0);
  autofd int becomes = bk_open_directory_at (source, "becomes-file", NULL);
  write_file (becomes, "below", "below");
  write_file (source, "link-a", "one inode");
  g_assert_cmpint (linkat (source, "link-a", source, "link-b", 0), ==, 0);
  g_assert_cmpint (linkat (source, "link-a", directory, "link-c", 0), ==, 0);
  g_assert_cmpint (symlinkat ("kept", source, "symlink"), ==, 0);
  g_assert_cmpint (mkfifoat (source, "fifo", 0602), ==, 0);
  g_assert_cmpint (fchmodat (source, "kept", 04751, 0), ==, 0);
  g_assert_cmpint (pwrite (sparse, "data", 4, 1024 * 1024), ==, 4);
  g_assert_cmpint (ftruncate (sparse, 3 * 1024 * 1024), ==, 0);
  g_assert_cmpint (fsetxattr (directory, "user.bk", "directory", 9, 0), ==, 0);
  set_time (source, "symlink", 1000000000, 987654321);
  set_time (source, "kept", -86400, 5); /* 1969 */
  set_time (source, "directory/deep", 1234567890, 1);
  if (geteuid () == 0)
    g_assert_cmpint (fchownat (source, "kept", 1234, 4321, 0), ==, 0);
  set_time (fixture->dirfd, "source", 1111111111, 2);
}

/* The first name of three goes to another inode: the two others keep the content that the full has
 * under that first name only. */
static void
change_source (Fixture *fixture)
{
  int source = fixture->source;

  write_file (source, "changed", "after, and longer");
  write_file (source, "added", "added");
  g_assert_cmpint (unlinkat (source, "removed", 0), ==, 0);
  g_assert_cmpint (unlinkat (source, "becomes-directory", 0), ==, 0);
  g_assert_cmpint (mkdirat (source, "becomes-directory", 0755), ==, 0);
  g_assert_cmpint (unlinkat (source, "becomes-file/below", 0), ==, 0);
  g_assert_cmpint (unlinkat (source, "becomes-file", AT_REMOVEDIR), ==, 0);
  write_file (source, "becomes-file", "file");
  set_time (fixture->dirfd, "source", 1222222222, 3);
}

/* As above, but without the change of ctime that unlink() makes: link-b and link-c stay as they are
 * for a comparison that does not look at ctime. */
static void
replace_first_link (Fixture *fixture)
{
  write_file (fixture->source, "new", "another inode");
  g_assert_cmpint (renameat (fixture->source, "new", fixture->source, "link-a"), ==, 0);
  for (guint i = 0; i < 2; i++)
    {
      const char *path = i == 0 ? "srv/source/link-b" : "srv/source/directory/link-c";
      Known *known = g_hash_table_lookup (fixture->before, path);

      g_assert_cmpint (
          fstatat (fixture->source, path + strlen ("srv/source/"), &known->st, AT_SYMLINK_NOFOLLOW),
          ==, 0);
    }
}

/* ---- tests ---- */

static BkTreeRestoreRequest
request_for (Fixture *fixture)
{
  return (BkTreeRestoreRequest){ .project_id = PROJECT,
                                 .not_after_usecs = G_MAXINT64,
                                 .target = fixture->target_path };
}

static void
restore (Fixture *fixture, const BkTreeRestoreRequest *request)
{
  g_auto (BkTreeRestoreOutcome) outcome = { 0 };
  g_autoptr (GError) error = NULL;

  bk_tree_restore (fixture->repository, request, NULL, &outcome, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (outcome.warnings_count, ==, 0);
  g_assert_cmpuint (outcome.extracted.done_count, ==, outcome.plan.entries_count);
}

static void
copy_source (Fixture *fixture, const char *name)
{
  g_autofree char *copy = below (fixture->path, name);
  const char *const argv[] = { "cp", "-a", fixture->source_path, copy, NULL };

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               NULL, NULL, NULL));
}

static void
assert_restored (Fixture *fixture, const char *expected_name)
{
  g_autofree char *expected = below (fixture->path, expected_name);
  g_autofree char *staging = below (fixture->target_path, BK_TREE_TARGET_STAGING);

  assert_trees_equal (expected, fixture->below_target);
  g_assert_false (g_file_test (staging, G_FILE_TEST_EXISTS));
}

static void
test_full (Fixture *fixture, gconstpointer data)
{
  BkTreeRestoreRequest request = request_for (fixture);

  make_source (fixture);
  back_up (fixture, GPOINTER_TO_INT (data));
  restore (fixture, &request);
  assert_restored (fixture, "source");
}

static void
test_points (Fixture *fixture, gconstpointer data)
{
  BkTreeRestoreRequest request = request_for (fixture);

  make_source (fixture);
  back_up (fixture, GPOINTER_TO_INT (data));
  copy_source (fixture, "first");
  change_source (fixture);
  back_up (fixture, GPOINTER_TO_INT (data));
  copy_source (fixture, "second");
  replace_first_link (fixture);
  back_up (fixture, GPOINTER_TO_INT (data));

  restore (fixture, &request);
  assert_restored (fixture, "source");
  for (guint i = 0; i < 2; i++)
    {
      remove_all (fixture->target_path);
      request.not_after_usecs = FIRST_USECS + i * DAY_USECS;
      restore (fixture, &request);
      assert_restored (fixture, i == 0 ? "first" : "second");
    }
}

static void
test_mirror (Fixture *fixture, gconstpointer data)
{
  BkTreeRestoreRequest request = request_for (fixture);
  g_auto (BkTreeRestoreOutcome) outcome = { 0 };
  g_autoptr (GError) error = NULL;
  g_autofree char *outside = below (fixture->target_path, "outside");

  make_source (fixture);
  back_up (fixture, BK_TREE_COMPRESSION_ZSTD);
  copy_source (fixture, "first");
  restore (fixture, &request);
  change_source (fixture);
  back_up (fixture, BK_TREE_COMPRESSION_ZSTD);
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
  request.not_after_usecs = FIRST_USECS;
  restore (fixture, &request);
  assert_restored (fixture, "first");
  g_assert_true (g_file_test (outside, G_FILE_TEST_EXISTS));
}

static void
test_overwrite_keeps (Fixture *fixture, gconstpointer data)
{
  BkTreeRestoreRequest request = request_for (fixture);
  g_auto (BkTreeRestoreOutcome) outcome = { 0 };
  g_autoptr (GError) error = NULL;
  g_autofree char *kept = below (fixture->below_target, "mine");
  g_autofree char *removed = below (fixture->below_target, "removed");
  g_autofree char *in_the_way = below (fixture->below_target, "becomes-file/below");

  make_source (fixture);
  back_up (fixture, BK_TREE_COMPRESSION_ZSTD);
  restore (fixture, &request);
  change_source (fixture);
  back_up (fixture, BK_TREE_COMPRESSION_ZSTD);
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
test_file (Fixture *fixture, gconstpointer data)
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

  make_source (fixture);
  back_up (fixture, GPOINTER_TO_INT (data));
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      BkTreeRestoreRequest request = request_for (fixture);
      g_auto (BkTreeRestoreOutcome) outcome = { 0 };
      g_autoptr (GError) error = NULL;
      struct stat st, restored;

      remove_all (fixture->target_path);
      request.file = cases[i].file;
      bk_tree_restore (fixture->repository, &request, NULL, &outcome, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (outcome.extracted.done_count, ==, cases[i].count);
      if (cases[i].count != 1)
        continue;
      g_autofree char *source = below (fixture->path, cases[i].file + strlen ("/srv/"));
      g_autofree char *target = below (fixture->target_path, cases[i].file);
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
test_many (Fixture *fixture, gconstpointer data)
{
  make_source (fixture);
  autofd int many = bk_make_directory_at (fixture->source, "many", 0750, NULL);
  back_up (fixture, BK_TREE_COMPRESSION_ZSTD);
  for (guint i = 0; i < 64; i++)
    {
      g_autofree char *name = g_strdup_printf ("file-%02u", i);

      write_file (many, name, name);
    }
  g_assert_cmpint (linkat (many, "file-00", many, "file-63-link", 0), ==, 0);
  for (guint count = 66; count >= 64; count--)
    {
      BkTreeRestoreRequest request = request_for (fixture);
      g_auto (BkTreeRestoreOutcome) outcome = { 0 };
      g_autofree char *restored = NULL;
      g_autofree char *source = below (fixture->source_path, "many");
      g_autofree char *last = g_strdup_printf ("file-%02u", count - 3);
      g_autoptr (GError) error = NULL;

      back_up (fixture, BK_TREE_COMPRESSION_ZSTD);
      remove_all (fixture->target_path);
      request.file = "/srv/source/many";
      bk_tree_restore (fixture->repository, &request, NULL, &outcome, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (outcome.extracted.done_count, ==, count);
      restored = below (fixture->below_target, "many");
      assert_trees_equal (source, restored);
      g_assert_cmpint (unlinkat (many, last, 0), ==, 0);
    }
}

/* Whatever links stand in the target, nothing is written through them. */
static void
test_links_in_target (Fixture *fixture, gconstpointer data)
{
  BkTreeRestoreRequest request = request_for (fixture);
  g_autofree char *victim = below (fixture->path, "victim");
  g_autofree char *srv = below (fixture->target_path, "srv");
  g_autofree char *kept = below (fixture->below_target, "kept");
  g_autofree char *secret = below (victim, "secret");
  g_autofree char *text = NULL;

  make_source (fixture);
  back_up (fixture, BK_TREE_COMPRESSION_ZSTD);
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
test_interrupted (Fixture *fixture, gconstpointer data)
{
  BkTreeRestoreRequest request = request_for (fixture);
  g_autofree char *staging = below (fixture->target_path, BK_TREE_TARGET_STAGING);
  g_autofree char *marker = below (fixture->target_path, BK_TREE_TARGET_MARKER);
  g_autofree char *half = below (staging, "new");
  g_autoptr (GError) error = NULL;
  g_auto (BkTreeRestoreOutcome) outcome = { 0 };

  make_source (fixture);
  back_up (fixture, BK_TREE_COMPRESSION_ZSTD);
  restore (fixture, &request);

  /* What a kill in the middle leaves: some of it restored, one thing half made. */
  g_assert_cmpint (g_mkdir (staging, 0700), ==, 0);
  g_assert_true (g_file_set_contents (marker, PROJECT "/2026-11-20T02-00-00\n", -1, NULL));
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
test_broken_archive (Fixture *fixture, gconstpointer data)
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
  back_up (fixture, BK_TREE_COMPRESSION_ZSTD);
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
test_list (Fixture *fixture, gconstpointer data)
{
  BkTreeRestoreRequest request = request_for (fixture);
  g_auto (BkTreeRestoreOutcome) outcome = { 0 };
  g_autoptr (GError) error = NULL;
  guint count = 0;

  make_source (fixture);
  back_up (fixture, BK_TREE_COMPRESSION_ZSTD);
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
  request.not_after_usecs = FIRST_USECS - 1;
  g_assert_false (bk_tree_restore_list (fixture->repository, &request, count_entry, &count,
                                        &outcome, NULL, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_NOT_FOUND);
}

int
main (int argc, char **argv)
{
#define ADD(name, compression, func)                                                               \
  g_test_add ("/ops/tree-restore/" name, Fixture, GINT_TO_POINTER (compression), set_up, func,     \
              tear_down)
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
