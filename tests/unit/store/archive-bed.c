#include "archive-bed.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
archive_bed_set_up (ArchiveBed *bed, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  bed->path = g_dir_make_tmp ("bk-archive-XXXXXX", &error);
  g_assert_no_error (error);
  bed->dirfd = bk_open_directory (bed->path, &error);
  g_assert_no_error (error);
  bed->source = bk_make_directory_at (bed->dirfd, "source", 0755, &error);
  g_assert_no_error (error);
  bed->paths = g_ptr_array_new_with_free_func (g_free);
  bed->results = g_array_new (FALSE, FALSE, sizeof (BkTreeArchiveResult));
}

void
archive_bed_tear_down (ArchiveBed *bed, gconstpointer data)
{
  const char *const argv[] = { "rm", "-rf", bed->path, NULL };

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               NULL, NULL, NULL));
  bk_fd_clear (&bed->source);
  bk_fd_clear (&bed->dirfd);
  g_ptr_array_unref (bed->paths);
  g_array_unref (bed->results);
  g_free (bed->path);
}

void
archive_bed_write_file (int dirfd, const char *name, const char *text, goffset size_bytes)
{
  autofd int fd = openat (dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, text, strlen (text)), ==, strlen (text));
  if (size_bytes > 0)
    g_assert_cmpint (ftruncate (fd, size_bytes), ==, 0);
}

/* Bytes that neither repeat nor compress, the same for one seed. */
void
archive_bed_write_random (int dirfd, const char *name, gsize size_bytes, guint32 seed)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  g_autofree guint32 *words = g_malloc (size_bytes + 4);
  autofd int fd = openat (dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

  for (gsize i = 0; i < size_bytes / 4 + 1; i++)
    words[i] = g_rand_int (rand);
  g_assert_cmpint (write (fd, words, size_bytes), ==, size_bytes);
}

void
archive_bed_on_settled (gpointer input_data, const BkTreeArchiveResult *result, gpointer user_data)
{
  ArchiveBed *bed = user_data;

  g_ptr_array_add (bed->paths, input_data);
  g_array_append_val (bed->results, *result);
}

void
archive_bed_add_one (BkTreeArchiveWriter *writer,
                     int dirfd,
                     const char *name,
                     const char *path,
                     const struct stat *st,
                     GHashTable *links)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *key = g_strdup_printf ("%" G_GUINT64_FORMAT, (guint64) st->st_ino);
  const char *target =
      st->st_nlink > 1 && !S_ISDIR (st->st_mode) ? g_hash_table_lookup (links, key) : NULL;
  BkTreeArchiveInput input = { .path = path,
                               .dirfd = dirfd,
                               .name = name,
                               .mode = st->st_mode,
                               .size_bytes = (guint64) st->st_size,
                               .hardlink_target = target,
                               .user_data = g_strdup (path) };

  bk_tree_archive_writer_add (writer, &input, NULL, &error);
  g_assert_no_error (error);
  if (target == NULL)
    g_hash_table_insert (links, g_steal_pointer (&key), g_strdup (path));
}

static void
add_below (BkTreeArchiveWriter *writer, int dirfd, const char *prefix, GHashTable *links)
{
  g_autoptr (GPtrArray) names = bk_list_directory (dirfd, NULL);

  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      g_autofree char *path = g_strconcat (prefix, "/", name, NULL);
      struct stat st;

      g_assert_cmpint (fstatat (dirfd, name, &st, AT_SYMLINK_NOFOLLOW), ==, 0);
      archive_bed_add_one (writer, dirfd, name, path, &st, links);
      if (S_ISDIR (st.st_mode))
        {
          autofd int child = openat (dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

          add_below (writer, child, path, links);
        }
    }
}

char *
archive_bed_archive_source (ArchiveBed *bed, const char *name, BkTreeCompression compression)
{
  g_autoptr (GHashTable) links = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GError) error = NULL;
  BkTreeArchiveOptions options = { .compression = compression, .threads_count = 3 };
  g_autoptr (BkTreeArchiveWriter) writer =
      bk_tree_archive_writer_new (bed->dirfd, name, &options, archive_bed_on_settled, bed, &error);
  char *sha256 = NULL;
  guint64 size_bytes;
  struct stat st;

  g_assert_no_error (error);
  g_assert_cmpint (fstat (bed->source, &st), ==, 0);
  archive_bed_add_one (writer, bed->dirfd, "source", "source", &st, links);
  add_below (writer, bed->source, "source", links);
  bk_tree_archive_writer_finish (writer, &size_bytes, &sha256, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (fstatat (bed->dirfd, name, &st, 0), ==, 0);
  g_assert_cmpuint (size_bytes, ==, (guint64) st.st_size);

  autofd int fd = openat (bed->dirfd, name, O_RDONLY | O_CLOEXEC);
  g_autofree char *again = bk_sha256_of_fd (fd, name, NULL, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (sha256, ==, again);
  return sha256;
}

BkTreeArchiveReader *
archive_bed_open_reader (ArchiveBed *bed, const char *name)
{
  g_autoptr (GError) error = NULL;
  BkTreeArchiveReader *reader =
      bk_tree_archive_reader_new (openat (bed->dirfd, name, O_RDONLY | O_CLOEXEC), name, &error);

  g_assert_no_error (error);
  return reader;
}

static guint64
device_of (const struct stat *st)
{
  return S_ISCHR (st->st_mode) || S_ISBLK (st->st_mode) ? st->st_rdev : 0;
}

static void
assert_content (BkTreeArchiveReader *reader,
                const BkTreeArchiveMember *member,
                int source_parent,
                const struct stat *st)
{
  g_autoptr (GInputStream) stream = bk_tree_archive_reader_open_content (reader, member);
  autofd int fd = openat (source_parent, member->path, O_RDONLY | O_CLOEXEC);
  g_autofree char *one = g_malloc (65536), *other = g_malloc (65536);
  g_autoptr (GError) error = NULL;
  guint64 total_bytes = 0;
  gsize n;

  do
    {
      g_input_stream_read_all (stream, one, 65536, &n, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpint (read (fd, other, 65536), ==, n);
      g_assert_cmpint (memcmp (one, other, n), ==, 0);
      total_bytes += n;
    }
  while (n > 0);
  g_assert_cmpuint (total_bytes, ==, (guint64) st->st_size);
}

void
archive_bed_assert_member (ArchiveBed *bed,
                           BkTreeArchiveReader *reader,
                           const BkTreeArchiveMember *member)
{
  struct stat st;

  g_assert_cmpint (fstatat (bed->dirfd, member->path, &st, AT_SYMLINK_NOFOLLOW), ==, 0);
  g_assert_cmpuint (member->uid, ==, st.st_uid);
  g_assert_cmpuint (member->gid, ==, st.st_gid);
  g_assert_cmpuint (device_of (&st), ==, member->rdev);
  g_assert_cmpint (member->mtime_nsecs, ==, st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec);
  if (member->hardlink_target != NULL)
    {
      struct stat target;

      g_assert_cmpint (fstatat (bed->dirfd, member->hardlink_target, &target, AT_SYMLINK_NOFOLLOW),
                       ==, 0);
      g_assert_cmpuint (target.st_ino, ==, st.st_ino);
      return;
    }
  g_assert_cmpuint (member->mode, ==, st.st_mode);
  if (S_ISREG (st.st_mode))
    {
      g_assert_cmpuint (member->size_bytes, ==, (guint64) st.st_size);
      assert_content (reader, member, bed->dirfd, &st);
    }
  if (S_ISLNK (st.st_mode))
    g_assert_cmpstr (member->symlink_target, ==, "../nowhere/\xff");
  if (g_str_equal (member->path, "source/plain"))
    {
      BkTreeXattr *xattr = g_ptr_array_index (member->xattrs, 0);

      g_assert_cmpuint (member->xattrs->len, ==, 1);
      g_assert_cmpstr (xattr->name, ==, "user.bk");
      g_assert_true (g_bytes_equal (xattr->value, g_bytes_new_static ("a\0b", 3)));
    }
}
