#include "archive-bed.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

static void
make_every_kind (ArchiveBed *bed)
{
  int source = bed->source;
  autofd int directory = bk_make_directory_at (source, "directory", 0750, NULL);
  autofd int empty = bk_make_directory_at (source, "directory/empty", 01777, NULL);
  struct timespec times[2] = { { 1, 2 }, { 1600000000, 123456789 } };
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  autofd int socket_fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  archive_bed_write_file (source, "a.b", "between", 0);
  archive_bed_write_file (source, "empty", "", 0);
  archive_bed_write_file (source, "plain", "hello", 0);
  archive_bed_write_file (source, "hole-after", "data, then a hole", 3 * 1024 * 1024 + 17);
  archive_bed_write_file (source, "nothing-but-hole", "", 300000);
  g_autofree char *long_name = g_strnfill (200, 'l');
  archive_bed_write_file (source, long_name, "a long name, then a hole", 200000);
  archive_bed_write_file (directory, "inner", "deep", 0);
  archive_bed_write_file (source, "not-utf8-\xff\xfe\n", "bytes", 0);
  archive_bed_write_random (source, "large", 5 * 1024 * 1024 + 300, 1);
  archive_bed_write_random (source, "large-exact", 4 * 1024 * 1024, 2);
  archive_bed_write_random (source, "medium", 700 * 1024, 3);
  g_assert_cmpint (linkat (source, "large", source, "zz-link-to-large", 0), ==, 0);
  g_assert_cmpint (linkat (source, "plain", directory, "linked", 0), ==, 0);
  g_assert_cmpint (symlinkat ("../nowhere/\xff", source, "symlink"), ==, 0);
  g_assert_cmpint (mkfifoat (source, "fifo", 0604), ==, 0);
  g_snprintf (address.sun_path, sizeof address.sun_path, "%s/source/socket", bed->path);
  g_assert_cmpint (bind (socket_fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (utimensat (source, "plain", times, 0), ==, 0);

  autofd int plain = openat (source, "plain", O_RDONLY | O_CLOEXEC);
  g_assert_cmpint (fsetxattr (plain, "user.bk", "a\0b", 3, 0), ==, 0);
}

static void
test_every_kind (ArchiveBed *bed, gconstpointer data)
{
  BkTreeCompression compression = GPOINTER_TO_INT (data);
  const BkTreeArchiveMember *member;
  g_autoptr (GError) error = NULL;
  guint count = 0, stored = 0;

  make_every_kind (bed);
  g_autofree char *sha256 = archive_bed_archive_source (bed, "archive", compression);
  for (guint i = 0; i < bed->results->len; i++)
    {
      BkTreeArchiveResult *result = &g_array_index (bed->results, BkTreeArchiveResult, i);
      gboolean is_socket = g_str_equal (g_ptr_array_index (bed->paths, i), "source/socket");

      g_assert_cmpint (result->outcome, ==, is_socket ? BK_TREE_SKIPPED : BK_TREE_STORED);
      stored += !is_socket;
    }
  g_assert_cmpuint (stored, ==, 18);

  g_autoptr (BkTreeArchiveReader) reader = archive_bed_open_reader (bed, "archive");
  g_assert_cmpint (bk_tree_archive_reader_can_seek (reader), ==,
                   compression == BK_TREE_COMPRESSION_ZSTD);
  while (bk_tree_archive_reader_next (reader, &member, NULL, &error) && member != NULL)
    {
      archive_bed_assert_member (bed, reader, member);
      count++;
    }
  g_assert_no_error (error);
  g_assert_cmpuint (count, ==, stored);
}

static void
test_find (ArchiveBed *bed, gconstpointer data)
{
  static const char *const missing[] = { "a", "source/directory/inner/x", "source/plaim",
                                         "source/zzz", "zz" };
  g_autoptr (GError) error = NULL;
  const BkTreeArchiveMember *member;

  make_every_kind (bed);
  for (guint i = 0; i < 900; i++)
    {
      g_autofree char *name = g_strdup_printf ("many-%u", i);

      archive_bed_write_random (bed->source, name, 8000, i);
    }
  g_autofree char *sha256 = archive_bed_archive_source (bed, "archive", GPOINTER_TO_INT (data));
  g_autoptr (BkTreeArchiveReader) reader = archive_bed_open_reader (bed, "archive");

  for (guint i = 0; i < bed->paths->len; i += 7)
    {
      const char *path = g_ptr_array_index (bed->paths, i);

      if (g_str_equal (path, "source/socket"))
        continue;
      bk_tree_archive_reader_find (reader, path, &member, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (member->path, ==, path);
      archive_bed_assert_member (bed, reader, member);
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
test_plain_tar (ArchiveBed *bed, gconstpointer data)
{
  gboolean gzip = GPOINTER_TO_INT (data) == BK_TREE_COMPRESSION_GZIP;
  g_autofree char *archive = g_build_filename (bed->path, "archive", NULL);
  g_autofree char *out = g_build_filename (bed->path, "out", NULL);
  g_autofree char *source = g_build_filename (bed->path, "source", NULL);
  g_autofree char *unpacked = g_build_filename (out, "source", NULL);

  make_every_kind (bed);
  g_assert_cmpint (unlinkat (bed->source, "socket", 0), ==, 0);
  g_autofree char *sha256 = archive_bed_archive_source (bed, "archive", GPOINTER_TO_INT (data));
  g_assert_cmpint (g_mkdir (out, 0700), ==, 0);
  run ((const char *[]){ "tar", gzip ? "--gzip" : "--zstd", "-xpf", archive, "-C", out, "--xattrs",
                         "--warning=no-unknown-keyword", NULL });
  run ((const char *[]){ "diff", "-r", "--no-dereference", "-x", "fifo", source, unpacked, NULL });
  run ((const char *[]){ gzip ? "gzip" : "zstd", "-dqf", "-t", archive, NULL });
}

int
main (int argc, char **argv)
{
#define ADD(name, compression, func)                                                               \
  g_test_add ("/store/tree-archive/" name, ArchiveBed, GINT_TO_POINTER (compression),              \
              archive_bed_set_up, func, archive_bed_tear_down)
  g_test_init (&argc, &argv, NULL);
  ADD ("every-kind", BK_TREE_COMPRESSION_ZSTD, test_every_kind);
  ADD ("every-kind-gzip", BK_TREE_COMPRESSION_GZIP, test_every_kind);
  ADD ("find", BK_TREE_COMPRESSION_ZSTD, test_find);
  ADD ("find-gzip", BK_TREE_COMPRESSION_GZIP, test_find);
  ADD ("plain-tar", BK_TREE_COMPRESSION_ZSTD, test_plain_tar);
  ADD ("plain-tar-gzip", BK_TREE_COMPRESSION_GZIP, test_plain_tar);
  return g_test_run ();
}
