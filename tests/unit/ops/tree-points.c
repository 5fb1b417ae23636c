#include "tree-points.h"

#include "base/atomic-file.h"
#include "base/digest.h"
#include "base/fd.h"
#include "base/path.h"
#include "format/json.h"
#include "format/metadata.h"
#include "format/nbkm.h"
#include "model/tree-entry.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define GENERATION TREE_POINTS_PROJECT "/gen-2026-11-20"

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

char *
tree_points_below (const char *directory, const char *name)
{
  return g_build_filename (directory, name, NULL);
}

void
tree_points_set_up (TreePoints *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->path = g_dir_make_tmp ("bk-restore-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->dirfd = bk_open_directory (fixture->path, NULL);
  fixture->source = bk_make_directory_at (fixture->dirfd, "source", 0755, &error);
  g_assert_no_error (error);
  fixture->source_path = tree_points_below (fixture->path, "source");
  fixture->target_path = tree_points_below (fixture->path, "target");
  fixture->below_target = tree_points_below (fixture->target_path, "srv/source");
  g_autofree char *repository_path = tree_points_below (fixture->path, "repository");
  fixture->repository = bk_repository_open_or_create (repository_path, &error);
  g_assert_no_error (error);
  fixture->generation =
      bk_make_directory_at (bk_repository_fd (fixture->repository), GENERATION, 0700, &error);
  g_assert_no_error (error);
  fixture->before = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

void
tree_points_remove (const char *path)
{
  const char *const argv[] = { "rm", "-rf", path, NULL };

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               NULL, NULL, NULL));
}

void
tree_points_tear_down (TreePoints *fixture, gconstpointer data)
{
  tree_points_remove (fixture->path);
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
  TreePoints *fixture;
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
write_metadata (TreePoints *fixture, const char *id, const char *archive, const char *manifest)
{
  g_autoptr (GError) error = NULL;
  gboolean is_full = fixture->points_count == 0;
  g_autoptr (BkBackup) backup =
      bk_backup_new (id, TREE_POINTS_PROJECT, is_full ? BK_BACKUP_FULL : BK_BACKUP_INCREMENTAL);
  const char *const names[] = { archive, manifest };

  backup->status = BK_BACKUP_COMPLETED;
  backup->created_usecs = TREE_POINTS_FIRST_USECS + fixture->points_count * TREE_POINTS_DAY_USECS;
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

void
tree_points_back_up (TreePoints *fixture, BkTreeCompression compression)
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

void
tree_points_write_file (int dirfd, const char *name, const char *text)
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

void
tree_points_make_source (TreePoints *fixture)
{
  int source = fixture->source;
  autofd int directory = bk_make_directory_at (source, "directory", 0750, NULL);
  autofd int deep = bk_make_directory_at (source, "directory/deep/deeper", 0700, NULL);
  autofd int sparse = openat (source, "sparse", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

  tree_points_write_file (source, "kept", "kept");
  tree_points_write_file (source, "changed", "before");
  tree_points_write_file (source, "removed", "removed");
  tree_points_write_file (source, "becomes-directory", "file");
  tree_points_write_file (source, "not-utf8-\xff", "x");
  tree_points_write_file (directory, "inner", "inner");
  tree_points_write_file (deep, "deepest", "deepest");
  g_assert_cmpint (mkdirat (source, "becomes-file", 0711), ==, 0);
  autofd int becomes = bk_open_directory_at (source, "becomes-file", NULL);
  tree_points_write_file (becomes, "below", "below");
  tree_points_write_file (source, "link-a", "one inode");
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
void
tree_points_change_source (TreePoints *fixture)
{
  int source = fixture->source;

  tree_points_write_file (source, "changed", "after, and longer");
  tree_points_write_file (source, "added", "added");
  g_assert_cmpint (unlinkat (source, "removed", 0), ==, 0);
  g_assert_cmpint (unlinkat (source, "becomes-directory", 0), ==, 0);
  g_assert_cmpint (mkdirat (source, "becomes-directory", 0755), ==, 0);
  g_assert_cmpint (unlinkat (source, "becomes-file/below", 0), ==, 0);
  g_assert_cmpint (unlinkat (source, "becomes-file", AT_REMOVEDIR), ==, 0);
  tree_points_write_file (source, "becomes-file", "file");
  set_time (fixture->dirfd, "source", 1222222222, 3);
}

/* As above, but without the change of ctime that unlink() makes: link-b and link-c stay as they are
 * for a comparison that does not look at ctime. */
void
tree_points_replace_first_link (TreePoints *fixture)
{
  tree_points_write_file (fixture->source, "new", "another inode");
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
