#include "store/archive/export-stream.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <locale.h>
#include <string.h>

#define DIRECTORY "vm/web1/web1-Base-20261120_020000"
#define NOW_USECS (1763603999 * (gint64) G_USEC_PER_SEC)

typedef struct
{
  char *root;
  int fd;
  BkRepository *repository;
  GPtrArray *files;
  GBytes *manifest;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->root = g_dir_make_tmp ("bk-export-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->fd = bk_open_directory (fixture->root, &error);
  fixture->repository = bk_repository_open (fixture->root, &error);
  g_assert_no_error (error);
  autofd int made = bk_make_directory_at (fixture->fd, DIRECTORY "/data", 0711, &error);
  g_assert_no_error (error);
  fixture->files = g_ptr_array_new_with_free_func ((GDestroyNotify) bk_export_file_free);
  fixture->manifest = g_bytes_new_static ("{}\n", 3);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_true (bk_remove_tree_at (fixture->fd, "vm", NULL));
  close (fixture->fd);
  g_object_unref (fixture->repository);
  g_assert_cmpint (g_rmdir (fixture->root), ==, 0);
  g_free (fixture->root);
  g_ptr_array_unref (fixture->files);
  g_bytes_unref (fixture->manifest);
}

static char *
path_of (Fixture *fixture, const char *name)
{
  return g_build_filename (fixture->root, DIRECTORY, name, NULL);
}

static void
add (Fixture *fixture, const char *name, const void *data, gsize length_bytes)
{
  g_autofree char *path = path_of (fixture, name);
  g_autofree char *sha256 = bk_sha256_hex_of (data, length_bytes);

  g_assert_true (g_file_set_contents (path, data, (gssize) length_bytes, NULL));
  g_ptr_array_add (fixture->files,
                   bk_export_file_new (DIRECTORY, name, length_bytes, sha256, NOW_USECS));
}

static void
add_random (Fixture *fixture, const char *name, gsize length_bytes, guint32 seed)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  g_autofree guint32 *data = g_malloc (length_bytes + sizeof (guint32));

  for (gsize i = 0; i < length_bytes / sizeof (guint32) + 1; i++)
    data[i] = g_rand_int (rand);
  add (fixture, name, data, length_bytes);
}

static GInputStream *
open_stream (Fixture *fixture)
{
  return bk_export_stream_new (fixture->repository, fixture->files, fixture->manifest, NOW_USECS);
}

static GBytes *
read_all (Fixture *fixture, GError **error)
{
  g_autoptr (GInputStream) stream = open_stream (fixture);
  g_autoptr (GOutputStream) out = g_memory_output_stream_new_resizable ();

  if (g_output_stream_splice (
          out, stream, G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE | G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET,
          NULL, error) < 0)
    return NULL;
  return g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (out));
}

static struct archive *
open_archive (GBytes *bytes)
{
  struct archive *archive = archive_read_new ();
  gsize length_bytes;
  const void *data = g_bytes_get_data (bytes, &length_bytes);

  archive_read_support_filter_gzip (archive);
  archive_read_support_format_tar (archive);
  g_assert_cmpint (archive_read_open_memory (archive, data, length_bytes), ==, ARCHIVE_OK);
  return archive;
}

static void
assert_member (Fixture *fixture, struct archive *archive, const BkExportFile *file)
{
  struct archive_entry *entry;
  g_autofree guint8 *data = g_malloc (file->size_bytes + 1);

  g_assert_cmpint (archive_read_next_header (archive, &entry), ==, ARCHIVE_OK);
  g_autofree char *name = g_strdup (archive_entry_pathname (entry));
  g_assert_cmpstr (name, ==, file->member);
  g_assert_cmpint (archive_entry_filetype (entry), ==, AE_IFREG);
  g_assert_cmpint (archive_entry_perm (entry), ==, 0600);
  g_assert_cmpint (archive_read_data (archive, data, file->size_bytes + 1), ==,
                   (gssize) file->size_bytes);
  g_autofree char *sha256 = bk_sha256_hex_of (data, file->size_bytes);
  g_assert_cmpstr (sha256, ==, file->sha256);
}

static void
test_members (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  struct archive_entry *entry;

  add (fixture, "metadata.json", "{}", 2);
  add (fixture, "data/empty", "", 0);
  add_random (fixture, "data/São Paulo 日本.qcow2", 3 * 1000 * 1000 + 1, 1);
  add_random (fixture, "data/last", 512, 2);
  g_autofree char *long_name = g_strnfill (180, 'n');
  g_autofree char *long_path = g_strconcat ("data/", long_name, NULL);
  add_random (fixture, long_path, 7, 3);

  g_autoptr (GBytes) bytes = read_all (fixture, &error);
  g_assert_no_error (error);
  struct archive *archive = open_archive (bytes);
  g_assert_cmpint (archive_read_next_header (archive, &entry), ==, ARCHIVE_OK);
  g_assert_cmpstr (archive_entry_pathname (entry), ==, "manifest.json");
  for (guint i = 0; i < fixture->files->len; i++)
    assert_member (fixture, archive, g_ptr_array_index (fixture->files, i));
  g_assert_cmpint (archive_read_next_header (archive, &entry), ==, ARCHIVE_EOF);
  archive_read_free (archive);

  /* The same again, whatever the time of day. */
  g_autoptr (GBytes) again = read_all (fixture, &error);
  g_assert_true (g_bytes_equal (bytes, again));
}

static void
assert_fails (Fixture *fixture, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = read_all (fixture, &error);

  g_assert_null (bytes);
  g_assert_error (error, BK_ERROR, BK_ERROR_INTEGRITY);
  g_assert_nonnull (strstr (error->message, name));
}

static void
flip_byte (Fixture *fixture, const char *name, goffset at)
{
  g_autofree char *path = path_of (fixture, name);
  autofd int fd = open (path, O_RDWR);
  guint8 byte;

  g_assert_cmpint (pread (fd, &byte, 1, at), ==, 1);
  byte ^= 1;
  g_assert_cmpint (pwrite (fd, &byte, 1, at), ==, 1);
}

static void
test_corrupt (Fixture *fixture, gconstpointer data)
{
  const gsize length_bytes = 2 * 1000 * 1000 + 3;
  static const char *const names[] = { "data/a", "data/b", "data/c" };
  const goffset places[] = { 0, 1000 * 1000, (goffset) length_bytes - 1 };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    add_random (fixture, names[i], length_bytes, i);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      for (guint j = 0; j < G_N_ELEMENTS (places); j++)
        {
          flip_byte (fixture, names[i], places[j]);
          assert_fails (fixture, names[i]);
          flip_byte (fixture, names[i], places[j]);
        }
    }
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = read_all (fixture, &error);
  g_assert_no_error (error);
}

static void
test_truncated_grown_missing (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = path_of (fixture, "data/b");

  add_random (fixture, "data/a", 1000 * 1000, 1);
  add_random (fixture, "data/b", 1000 * 1000, 2);
  g_assert_cmpint (truncate (path, 1000 * 1000 - 1), ==, 0);
  assert_fails (fixture, "data/b");
  g_assert_cmpint (truncate (path, 1000 * 1000 + 1), ==, 0);
  assert_fails (fixture, "data/b");
  g_assert_cmpint (truncate (path, 0), ==, 0);
  assert_fails (fixture, "data/b");
  g_assert_cmpint (g_unlink (path), ==, 0);
  assert_fails (fixture, "data/b");
  g_assert_cmpint (symlink ("/etc/passwd", path), ==, 0);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = read_all (fixture, &error);
  g_assert_null (bytes);
}

/* It changes its size after its header was written: the ring is far smaller than the file. */
static void
test_changes_while_it_is_read (Fixture *fixture, gconstpointer data)
{
  static const gint changes_bytes[] = { -1, 1 };
  g_autofree char *path = path_of (fixture, "data/a");
  const gsize length_bytes = 16 * 1024 * 1024;

  add_random (fixture, "data/a", length_bytes, 1);
  for (guint i = 0; i < G_N_ELEMENTS (changes_bytes); i++)
    {
      g_autoptr (GInputStream) stream = open_stream (fixture);
      g_autoptr (GError) error = NULL;
      guint8 buffer[4096];
      gssize n = g_input_stream_read (stream, buffer, sizeof buffer, NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpint (truncate (path, (off_t) length_bytes + changes_bytes[i]), ==, 0);
      while (n > 0)
        n = g_input_stream_read (stream, buffer, sizeof buffer, NULL, &error);
      g_assert_cmpint (n, ==, -1);
      g_assert_error (error, BK_ERROR, BK_ERROR_INTEGRITY);
      g_assert_cmpint (truncate (path, (off_t) length_bytes), ==, 0);
    }
}

/* A member of more than 8 GiB needs pax's size: only its header is looked at. */
static void
test_large_member (Fixture *fixture, gconstpointer data)
{
  const guint64 size_bytes = G_GUINT64_CONSTANT (20) * 1024 * 1024 * 1024;
  g_autofree char *path = path_of (fixture, "data/large");
  g_autoptr (GInputStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *buffer = g_malloc (64 * 1024);
  struct archive_entry *entry;
  gsize length_bytes;

  g_assert_true (g_file_set_contents (path, "", 0, NULL));
  g_assert_cmpint (truncate (path, (off_t) size_bytes), ==, 0);
  g_ptr_array_add (fixture->files,
                   bk_export_file_new (DIRECTORY, "data/large", size_bytes, "0", NOW_USECS));
  stream = open_stream (fixture);
  g_assert_true (g_input_stream_read_all (stream, buffer, 64 * 1024, &length_bytes, NULL, &error));
  g_assert_no_error (error);

  g_autoptr (GBytes) bytes = g_bytes_new (buffer, length_bytes);
  struct archive *archive = open_archive (bytes);
  g_assert_cmpint (archive_read_next_header (archive, &entry), ==, ARCHIVE_OK);
  g_assert_cmpint (archive_read_next_header (archive, &entry), ==, ARCHIVE_OK);
  g_assert_cmpuint ((guint64) archive_entry_size (entry), ==, size_bytes);
  archive_read_free (archive);
}

static void
test_cancel_and_early_end (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GInputStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  guint8 buffer[4096];

  add_random (fixture, "data/a", 16 * 1024 * 1024, 1);

  /* Never read at all, and left in the middle with the ring full. */
  g_object_unref (open_stream (fixture));
  stream = open_stream (fixture);
  g_assert_cmpint (g_input_stream_read (stream, buffer, sizeof buffer, NULL, &error), >, 0);
  g_cancellable_cancel (cancellable);
  g_assert_cmpint (g_input_stream_read (stream, buffer, sizeof buffer, cancellable, &error), ==,
                   -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (g_input_stream_close (stream, NULL, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* For the reading here only: the stream's own thread has to do with “C”. */
  uselocale (newlocale (LC_CTYPE_MASK, "C.UTF-8", (locale_t) 0));
#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/store/export-stream/members", test_members);
  ADD ("/store/export-stream/corrupt", test_corrupt);
  ADD ("/store/export-stream/truncated-grown-missing", test_truncated_grown_missing);
  ADD ("/store/export-stream/changes-while-it-is-read", test_changes_while_it_is_read);
  ADD ("/store/export-stream/large-member", test_large_member);
  ADD ("/store/export-stream/cancel-and-early-end", test_cancel_and_early_end);
#undef ADD
  return g_test_run ();
}
