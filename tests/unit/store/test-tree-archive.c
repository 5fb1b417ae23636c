#include "store/tree/archive.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "store/tree/acl.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>

typedef struct
{
  char *path;
  int dirfd;
  int source;
  GPtrArray *paths; /* as reported */
  GArray *results;  /* of BkTreeArchiveResult */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->path = g_dir_make_tmp ("bk-archive-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->dirfd = bk_open_directory (fixture->path, &error);
  g_assert_no_error (error);
  fixture->source = bk_make_directory_at (fixture->dirfd, "source", 0755, &error);
  g_assert_no_error (error);
  fixture->paths = g_ptr_array_new_with_free_func (g_free);
  fixture->results = g_array_new (FALSE, FALSE, sizeof (BkTreeArchiveResult));
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  const char *const argv[] = { "rm", "-rf", fixture->path, NULL };

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               NULL, NULL, NULL));
  bk_fd_clear (&fixture->source);
  bk_fd_clear (&fixture->dirfd);
  g_ptr_array_unref (fixture->paths);
  g_array_unref (fixture->results);
  g_free (fixture->path);
}

static void
write_file (int dirfd, const char *name, const char *text, goffset size_bytes)
{
  autofd int fd = openat (dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, text, strlen (text)), ==, strlen (text));
  if (size_bytes > 0)
    g_assert_cmpint (ftruncate (fd, size_bytes), ==, 0);
}

/* Bytes that neither repeat nor compress, the same for one seed. */
static void
write_random (int dirfd, const char *name, gsize size_bytes, guint32 seed)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  g_autofree guint32 *words = g_malloc (size_bytes + 4);
  autofd int fd = openat (dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

  for (gsize i = 0; i < size_bytes / 4 + 1; i++)
    words[i] = g_rand_int (rand);
  g_assert_cmpint (write (fd, words, size_bytes), ==, size_bytes);
}

static void
on_settled (gpointer input_data, const BkTreeArchiveResult *result, gpointer user_data)
{
  Fixture *fixture = user_data;

  g_ptr_array_add (fixture->paths, input_data);
  g_array_append_val (fixture->results, *result);
}

static void
add_one (BkTreeArchiveWriter *writer,
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
      add_one (writer, dirfd, name, path, &st, links);
      if (S_ISDIR (st.st_mode))
        {
          autofd int child = openat (dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

          add_below (writer, child, path, links);
        }
    }
}

static char *
archive_source (Fixture *fixture, const char *name, BkTreeCompression compression)
{
  g_autoptr (GHashTable) links = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GError) error = NULL;
  BkTreeArchiveOptions options = { .compression = compression, .threads_count = 3 };
  g_autoptr (BkTreeArchiveWriter) writer =
      bk_tree_archive_writer_new (fixture->dirfd, name, &options, on_settled, fixture, &error);
  char *sha256 = NULL;
  guint64 size_bytes;
  struct stat st;

  g_assert_no_error (error);
  g_assert_cmpint (fstat (fixture->source, &st), ==, 0);
  add_one (writer, fixture->dirfd, "source", "source", &st, links);
  add_below (writer, fixture->source, "source", links);
  bk_tree_archive_writer_finish (writer, &size_bytes, &sha256, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (fstatat (fixture->dirfd, name, &st, 0), ==, 0);
  g_assert_cmpuint (size_bytes, ==, (guint64) st.st_size);

  autofd int fd = openat (fixture->dirfd, name, O_RDONLY | O_CLOEXEC);
  g_autofree char *again = bk_sha256_of_fd (fd, name, NULL, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (sha256, ==, again);
  return sha256;
}

static BkTreeArchiveReader *
open_reader (Fixture *fixture, const char *name)
{
  g_autoptr (GError) error = NULL;
  BkTreeArchiveReader *reader = bk_tree_archive_reader_new (
      openat (fixture->dirfd, name, O_RDONLY | O_CLOEXEC), name, &error);

  g_assert_no_error (error);
  return reader;
}

static void
make_every_kind (Fixture *fixture)
{
  int source = fixture->source;
  autofd int directory = bk_make_directory_at (source, "directory", 0750, NULL);
  autofd int empty = bk_make_directory_at (source, "directory/empty", 01777, NULL);
  struct timespec times[2] = { { 1, 2 }, { 1600000000, 123456789 } };
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  autofd int socket_fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  write_file (source, "a.b", "between", 0);
  write_file (source, "empty", "", 0);
  write_file (source, "plain", "hello", 0);
  write_file (source, "hole-after", "data, then a hole", 3 * 1024 * 1024 + 17);
  write_file (source, "nothing-but-hole", "", 300000);
  g_autofree char *long_name = g_strnfill (200, 'l');
  write_file (source, long_name, "a long name, then a hole", 200000);
  write_file (directory, "inner", "deep", 0);
  write_file (source, "not-utf8-\xff\xfe\n", "bytes", 0);
  write_random (source, "large", 5 * 1024 * 1024 + 300, 1);
  write_random (source, "large-exact", 4 * 1024 * 1024, 2);
  write_random (source, "medium", 700 * 1024, 3);
  g_assert_cmpint (linkat (source, "large", source, "zz-link-to-large", 0), ==, 0);
  g_assert_cmpint (linkat (source, "plain", directory, "linked", 0), ==, 0);
  g_assert_cmpint (symlinkat ("../nowhere/\xff", source, "symlink"), ==, 0);
  g_assert_cmpint (mkfifoat (source, "fifo", 0604), ==, 0);
  g_snprintf (address.sun_path, sizeof address.sun_path, "%s/source/socket", fixture->path);
  g_assert_cmpint (bind (socket_fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (utimensat (source, "plain", times, 0), ==, 0);

  autofd int plain = openat (source, "plain", O_RDONLY | O_CLOEXEC);
  g_assert_cmpint (fsetxattr (plain, "user.bk", "a\0b", 3, 0), ==, 0);
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

static void
assert_member (Fixture *fixture, BkTreeArchiveReader *reader, const BkTreeArchiveMember *member)
{
  struct stat st;

  g_assert_cmpint (fstatat (fixture->dirfd, member->path, &st, AT_SYMLINK_NOFOLLOW), ==, 0);
  g_assert_cmpuint (member->uid, ==, st.st_uid);
  g_assert_cmpuint (member->gid, ==, st.st_gid);
  g_assert_cmpuint (device_of (&st), ==, member->rdev);
  g_assert_cmpint (member->mtime_nsecs, ==, st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec);
  if (member->hardlink_target != NULL)
    {
      struct stat target;

      g_assert_cmpint (
          fstatat (fixture->dirfd, member->hardlink_target, &target, AT_SYMLINK_NOFOLLOW), ==, 0);
      g_assert_cmpuint (target.st_ino, ==, st.st_ino);
      return;
    }
  g_assert_cmpuint (member->mode, ==, st.st_mode);
  if (S_ISREG (st.st_mode))
    {
      g_assert_cmpuint (member->size_bytes, ==, (guint64) st.st_size);
      assert_content (reader, member, fixture->dirfd, &st);
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

static void
test_every_kind (Fixture *fixture, gconstpointer data)
{
  BkTreeCompression compression = GPOINTER_TO_INT (data);
  const BkTreeArchiveMember *member;
  g_autoptr (GError) error = NULL;
  guint count = 0, stored = 0;

  make_every_kind (fixture);
  g_autofree char *sha256 = archive_source (fixture, "archive", compression);
  for (guint i = 0; i < fixture->results->len; i++)
    {
      BkTreeArchiveResult *result = &g_array_index (fixture->results, BkTreeArchiveResult, i);
      gboolean is_socket = g_str_equal (g_ptr_array_index (fixture->paths, i), "source/socket");

      g_assert_cmpint (result->outcome, ==, is_socket ? BK_TREE_SKIPPED : BK_TREE_STORED);
      stored += !is_socket;
    }
  g_assert_cmpuint (stored, ==, 18);

  g_autoptr (BkTreeArchiveReader) reader = open_reader (fixture, "archive");
  g_assert_cmpint (bk_tree_archive_reader_can_seek (reader), ==,
                   compression == BK_TREE_COMPRESSION_ZSTD);
  while (bk_tree_archive_reader_next (reader, &member, NULL, &error) && member != NULL)
    {
      assert_member (fixture, reader, member);
      count++;
    }
  g_assert_no_error (error);
  g_assert_cmpuint (count, ==, stored);
}

static void
test_find (Fixture *fixture, gconstpointer data)
{
  static const char *const missing[] = { "a", "source/directory/inner/x", "source/plaim",
                                         "source/zzz", "zz" };
  g_autoptr (GError) error = NULL;
  const BkTreeArchiveMember *member;

  make_every_kind (fixture);
  for (guint i = 0; i < 900; i++)
    {
      g_autofree char *name = g_strdup_printf ("many-%u", i);

      write_random (fixture->source, name, 8000, i);
    }
  g_autofree char *sha256 = archive_source (fixture, "archive", GPOINTER_TO_INT (data));
  g_autoptr (BkTreeArchiveReader) reader = open_reader (fixture, "archive");

  for (guint i = 0; i < fixture->paths->len; i += 7)
    {
      const char *path = g_ptr_array_index (fixture->paths, i);

      if (g_str_equal (path, "source/socket"))
        continue;
      bk_tree_archive_reader_find (reader, path, &member, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (member->path, ==, path);
      assert_member (fixture, reader, member);
    }
  for (guint i = 0; i < G_N_ELEMENTS (missing); i++)
    {
      g_assert_false (bk_tree_archive_reader_find (reader, missing[i], &member, NULL, &error));
      g_assert_error (error, BK_ERROR, BK_ERROR_NOT_FOUND);
      g_clear_error (&error);
    }
}

static void
run (const char *const *argv)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL; /* of stderr; stdout goes where ours goes */
  int status;

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, &text, &status,
                &error);
  g_assert_no_error (error);
  if (!g_spawn_check_wait_status (status, &error))
    g_error ("%s: %s: %s", argv[0], error->message, text);
}

/* What is promised to people who have lost this program: their tar unpacks it. */
static void
test_plain_tar (Fixture *fixture, gconstpointer data)
{
  gboolean gzip = GPOINTER_TO_INT (data) == BK_TREE_COMPRESSION_GZIP;
  g_autofree char *archive = g_build_filename (fixture->path, "archive", NULL);
  g_autofree char *out = g_build_filename (fixture->path, "out", NULL);
  g_autofree char *source = g_build_filename (fixture->path, "source", NULL);
  g_autofree char *unpacked = g_build_filename (out, "source", NULL);

  make_every_kind (fixture);
  g_assert_cmpint (unlinkat (fixture->source, "socket", 0), ==, 0);
  g_autofree char *sha256 = archive_source (fixture, "archive", GPOINTER_TO_INT (data));
  g_assert_cmpint (g_mkdir (out, 0700), ==, 0);
  run ((const char *[]){ "tar", gzip ? "--gzip" : "--zstd", "-xpf", archive, "-C", out, "--xattrs",
                         "--warning=no-unknown-keyword", NULL });
  run ((const char *[]){ "diff", "-r", "--no-dereference", "-x", "fifo", source, unpacked, NULL });
  run ((const char *[]){ gzip ? "gzip" : "zstd", "-dqf", "-t", archive, NULL });
}

static void
test_gone_and_swapped (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  BkTreeArchiveOptions options = { 0 };
  g_autoptr (BkTreeArchiveWriter) writer =
      bk_tree_archive_writer_new (fixture->dirfd, "archive", &options, on_settled, fixture, &error);
  static const struct
  {
    const char *name;
    mode_t mode;
    guint64 size_bytes;
    BkTreeOutcome outcome;
  } cases[] = {
    { "became-directory", S_IFREG, 1, BK_TREE_VANISHED },
    { "became-fifo", S_IFREG, 1, BK_TREE_VANISHED },
    { "became-link", S_IFREG, 1, BK_TREE_VANISHED },
    { "became-link-large", S_IFREG, 100 * 1024 * 1024, BK_TREE_VANISHED },
    { "grown", S_IFREG, 1, BK_TREE_UNREADABLE },
    { "missing", S_IFREG, 1, BK_TREE_VANISHED },
    { "missing-directory", S_IFDIR, 0, BK_TREE_VANISHED },
    { "missing-large", S_IFREG, 100 * 1024 * 1024, BK_TREE_VANISHED },
    { "stays", S_IFREG, 1, BK_TREE_STORED },
  };

  g_assert_no_error (error);
  g_assert_cmpint (mkdirat (fixture->source, "became-directory", 0700), ==, 0);
  g_assert_cmpint (mkfifoat (fixture->source, "became-fifo", 0700), ==, 0);
  g_assert_cmpint (symlinkat ("stays", fixture->source, "became-link"), ==, 0);
  g_assert_cmpint (symlinkat ("stays", fixture->source, "became-link-large"), ==, 0);
  write_file (fixture->source, "grown", "", 20 * 1024 * 1024);
  write_file (fixture->source, "stays", "x", 0);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      BkTreeArchiveInput input = { .path = cases[i].name,
                                   .dirfd = fixture->source,
                                   .name = cases[i].name,
                                   .mode = cases[i].mode,
                                   .size_bytes = cases[i].size_bytes,
                                   .user_data = g_strdup (cases[i].name) };

      bk_tree_archive_writer_add (writer, &input, NULL, &error);
      g_assert_no_error (error);
    }
  bk_tree_archive_writer_finish (writer, NULL, NULL, NULL, &error);
  g_assert_no_error (error);

  g_assert_cmpuint (fixture->results->len, ==, G_N_ELEMENTS (cases));
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_assert_cmpstr (g_ptr_array_index (fixture->paths, i), ==, cases[i].name);
      g_assert_cmpint (g_array_index (fixture->results, BkTreeArchiveResult, i).outcome, ==,
                       cases[i].outcome);
    }

  const BkTreeArchiveMember *member;
  g_autoptr (BkTreeArchiveReader) reader = open_reader (fixture, "archive");
  g_assert_true (bk_tree_archive_reader_next (reader, &member, NULL, NULL));
  g_assert_cmpstr (member->path, ==, "stays");
  g_assert_true (bk_tree_archive_reader_next (reader, &member, NULL, NULL));
  g_assert_null (member);
}

/* Another thread keeps changing the file: whatever is stored, the archive stays readable and says
 * the size it recorded. */
typedef struct
{
  int dirfd;
  int stop; /* atomic */
} Changer;

static gpointer
change_file (gpointer data)
{
  Changer *changer = data;
  autofd int fd = openat (changer->dirfd, "changing", O_WRONLY | O_CLOEXEC);

  for (guint i = 0; !g_atomic_int_get (&changer->stop); i++)
    g_assert_cmpint (ftruncate (fd, (i % 2 == 0 ? 1 : 9) * 1024 * 1024), ==, 0);
  return NULL;
}

static void
test_changes_while_read (Fixture *fixture, gconstpointer data)
{
  Changer changer = { .dirfd = fixture->source };
  guint changed = 0;

  write_random (fixture->source, "changing", 9 * 1024 * 1024, 1);
  write_file (fixture->source, "next", "still right", 0);
  GThread *thread = g_thread_new ("changer", change_file, &changer);
  /* When the two meet is the scheduler's: seldom not once in fifteen times. */
  for (guint i = 0; i < 15 || (changed == 0 && i < 1000); i++)
    {
      const BkTreeArchiveMember *member;
      g_autoptr (GError) error = NULL;

      g_ptr_array_set_size (fixture->paths, 0);
      g_array_set_size (fixture->results, 0);
      unlinkat (fixture->dirfd, "archive", 0);
      g_autofree char *sha256 = archive_source (fixture, "archive", BK_TREE_COMPRESSION_ZSTD);
      const BkTreeArchiveResult *result = &g_array_index (fixture->results, BkTreeArchiveResult, 1);
      changed += result->outcome == BK_TREE_CHANGED;

      g_autoptr (BkTreeArchiveReader) reader = open_reader (fixture, "archive");
      bk_tree_archive_reader_find (reader, "source/changing", &member, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (member->size_bytes, ==, result->size_bytes);
      bk_tree_archive_reader_next (reader, &member, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (member->path, ==, "source/next");
      assert_member (fixture, reader, member);
    }
  g_atomic_int_set (&changer.stop, TRUE);
  g_thread_join (thread);
  g_assert_cmpuint (changed, >, 0);
}

static void
test_order_is_held (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  BkTreeArchiveOptions options = { 0 };
  static const char *const wrong[] = { "b", "b.c", "a", "/c", "c/../d", "" };

  for (guint i = 1; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (BkTreeArchiveWriter) writer = bk_tree_archive_writer_new (
          fixture->dirfd, "archive", &options, on_settled, fixture, &error);
      BkTreeArchiveInput input = {
        .path = "b.c", .dirfd = fixture->source, .name = "x", .mode = S_IFSOCK
      };

      g_assert_true (bk_tree_archive_writer_add (writer, &input, NULL, &error));
      input.path = wrong[i];
      g_assert_false (bk_tree_archive_writer_add (writer, &input, NULL, &error));
      g_assert_error (error, BK_ERROR, BK_ERROR_FAILED);
      g_clear_error (&error);
    }
}

static void
test_unfinished_leaves_nothing (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  BkTreeArchiveOptions options = { 0 };

  {
    g_autoptr (BkTreeArchiveWriter) writer = bk_tree_archive_writer_new (
        fixture->dirfd, "archive", &options, on_settled, fixture, &error);
    BkTreeArchiveInput input = {
      .path = "a", .dirfd = fixture->source, .name = "a", .mode = S_IFREG
    };

    g_assert_true (bk_tree_archive_writer_add (writer, &input, NULL, &error));
  }
  g_autoptr (GPtrArray) names = bk_list_directory (fixture->dirfd, NULL);
  g_assert_cmpuint (names->len, ==, 1);
  g_assert_cmpstr (g_ptr_array_index (names, 0), ==, "source");
}

static void
test_acl (void)
{
  /* u::rw-, u:1000:r--, g::r-x, m::rwx, o::--- */
  static const guint8 value[] = {
    2,    0, 0, 0,                         /* version */
    0x01, 0, 6, 0, 0xff, 0xff, 0xff, 0xff, /* owner */
    0x02, 0, 4, 0, 0xe8, 0x03, 0,    0,    /* user 1000 */
    0x04, 0, 5, 0, 0xff, 0xff, 0xff, 0xff, /* owning group */
    0x10, 0, 7, 0, 0xff, 0xff, 0xff, 0xff, /* mask */
    0x20, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, /* others */
  };
  static const char *const attributes[] = { BK_TREE_ACL_ACCESS, BK_TREE_ACL_DEFAULT };

  for (guint i = 0; i < G_N_ELEMENTS (attributes); i++)
    {
      struct archive_entry *entry = archive_entry_new ();

      archive_entry_set_mode (entry, S_IFREG | 0670);
      g_assert_true (bk_tree_acl_to_entry (entry, attributes[i], value, sizeof value));
      g_autoptr (GBytes) again = bk_tree_acl_from_entry (entry, attributes[i]);
      g_assert_nonnull (again);
      g_assert_cmpmem (g_bytes_get_data (again, NULL), g_bytes_get_size (again), value,
                       sizeof value);
      g_assert_null (bk_tree_acl_from_entry (entry, attributes[1 - i]));
      for (gsize length = 0; length < sizeof value; length++)
        {
          if (length % 8 != 4)
            g_assert_false (bk_tree_acl_to_entry (entry, attributes[i], value, length));
        }
      archive_entry_free (entry);
    }
}

int
main (int argc, char **argv)
{
#define ADD(name, compression, func)                                                               \
  g_test_add ("/store/tree-archive/" name, Fixture, GINT_TO_POINTER (compression), set_up, func,   \
              tear_down)
  g_test_init (&argc, &argv, NULL);
  ADD ("every-kind", BK_TREE_COMPRESSION_ZSTD, test_every_kind);
  ADD ("every-kind-gzip", BK_TREE_COMPRESSION_GZIP, test_every_kind);
  ADD ("find", BK_TREE_COMPRESSION_ZSTD, test_find);
  ADD ("find-gzip", BK_TREE_COMPRESSION_GZIP, test_find);
  ADD ("plain-tar", BK_TREE_COMPRESSION_ZSTD, test_plain_tar);
  ADD ("plain-tar-gzip", BK_TREE_COMPRESSION_GZIP, test_plain_tar);
  ADD ("gone-and-swapped", 0, test_gone_and_swapped);
  ADD ("changes-while-read", 0, test_changes_while_read);
  ADD ("order-is-held", 0, test_order_is_held);
  ADD ("unfinished-leaves-nothing", 0, test_unfinished_leaves_nothing);
  g_test_add_func ("/store/tree-archive/acl", test_acl);
  return g_test_run ();
}
