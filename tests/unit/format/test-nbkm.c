#include "format/nbkm.h"

#include "base/error.h"
#include "base/fd.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define NSEC G_GINT64_CONSTANT (1000000000)
#define START (G_GINT64_CONSTANT (1771034400) * NSEC)

/* What tests/golden/nbkm/make.py wrote into good.nbkm. */
static const BkTreeEntry golden[] = {
  { "srv/data", 8, 0, 0x800001ed, START - 5, 0 },
  { "srv/data/a", 10, 0, 0x800001ed, START - 7 * NSEC - 1, 0 },
  { "srv/data/a/link", 15, 0, 0x080001ff, START, 5 },
  { "srv/data/a/\xff\xfe not UTF-8", 23, 1, 0x1a4, 1, 12 },
  { "srv/data/a.b", 12, 2, 0x008001ed, -1, G_GINT64_CONSTANT (1) << 40 },
  { "srv/data/\x80", 10, 2, 0x042001b0, START, 0 },
};

static int
open_golden (const char *name)
{
  g_autofree char *file = g_strdup_printf ("%s.nbkm", name);
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "nbkm", file, NULL);
  int fd = open (path, O_RDONLY | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  return fd;
}

static gboolean
read_all (int fd, guint64 *count, GError **error)
{
  g_autoptr (BkNbkmReader) reader = bk_nbkm_reader_new (fd, "the file", error);
  const BkTreeEntry *entry;

  if (reader == NULL)
    return FALSE;
  for (*count = 0;; ++*count)
    {
      if (!bk_nbkm_reader_next (reader, &entry, error))
        return FALSE;
      if (entry == NULL)
        return TRUE;
      g_assert_cmpuint (strlen (entry->path), ==, entry->path_length);
    }
}

static void
assert_is_golden (int fd)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BkNbkmReader) reader = bk_nbkm_reader_new (fd, "the file", &error);
  const BkTreeEntry *entry;

  g_assert_no_error (error);
  const BkNbkmHeader *header = bk_nbkm_reader_get_header (reader);
  g_assert_cmpuint (header->version, ==, 1);
  g_assert_cmpuint (header->flags, ==, 1);
  g_assert_cmpuint (header->entry_count, ==, G_N_ELEMENTS (golden));
  g_assert_cmpint (header->timestamp_nsec, ==, START);
  g_assert_cmpuint (header->sequence, ==, 2);
  for (guint i = 0; i < G_N_ELEMENTS (golden); i++)
    {
      g_assert_true (bk_nbkm_reader_next (reader, &entry, &error));
      g_assert_no_error (error);
      g_assert_cmpstr (entry->path, ==, golden[i].path);
      g_assert_cmpuint (entry->path_length, ==, golden[i].path_length);
      g_assert_cmpuint (entry->origin, ==, golden[i].origin);
      g_assert_cmphex (entry->mode, ==, golden[i].mode);
      g_assert_cmpint (entry->mtime_nsec, ==, golden[i].mtime_nsec);
      g_assert_cmpint (entry->size_bytes, ==, golden[i].size_bytes);
    }
  g_assert_true (bk_nbkm_reader_next (reader, &entry, &error));
  g_assert_null (entry);
}

static void
test_golden_good (void)
{
  autofd int fd = open_golden ("good");
  autofd int empty = open_golden ("good-empty");
  autofd int longest = open_golden ("good-longest-path");
  g_autoptr (GError) error = NULL;
  guint64 count;

  assert_is_golden (fd);
  g_assert_true (read_all (empty, &count, &error));
  g_assert_cmpuint (count, ==, 0);
  g_assert_true (read_all (longest, &count, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (count, ==, 1);
}

static const struct
{
  const char *name;
  const char *says;
} bad[] = {
  { "bad-magic", "does not begin with “NBKM”" },
  { "bad-version", "version 2" },
  { "bad-flags", "flags are 0x0003" },
  { "bad-flags-none", "flags are 0x0000" },
  { "bad-truncated-header", "truncated in its header" },
  { "bad-truncated-entry", "truncated in an entry, after 0 of 6 entries" },
  { "bad-truncated-footer", "truncated in its footer" },
  { "bad-count-more", "truncated in an entry, after 6 of 7 entries" },
  { "bad-count-less", "does not end with “NBKM”" },
  { "bad-checksum", "checksum" },
  { "bad-reserved-flip", "checksum" },
  { "bad-end-magic", "does not end with “NBKM”" },
  { "bad-after-end", "bytes after its end" },
  { "bad-order", "entry 2 is out of order" },
  { "bad-twice", "entry 1 is out of order" },
  { "bad-order-dot-before-slash", "entry 2 is out of order" },
  { "bad-path-empty", "entry 0 has a path of length 0" },
  { "bad-path-absolute", "entry 0 has no valid path" },
  { "bad-path-dotdot", "entry 0 has no valid path" },
  { "bad-path-dot", "entry 0 has no valid path" },
  { "bad-path-slash-at-end", "entry 0 has no valid path" },
  { "bad-path-nul", "entry 0 has no valid path" },
  { "bad-origin", "entry 0 is in archive 3" },
  { "bad-size", "entry 0 has a negative size" },
  { "bad-not-zstd", "no zstd stream" },
  { "bad-truncated-zstd", "ends within a zstd frame" },
  { "bad-nothing", "truncated in its header" },
};

static void
test_golden_bad (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      autofd int fd = open_golden (bad[i].name);
      g_autoptr (GError) error = NULL;
      guint64 count;

      g_assert_false (read_all (fd, &count, &error));
      g_assert_cmpuint (error->domain, ==, BK_ERROR);
      g_test_message ("%s: %s", bad[i].name, error->message);
      g_assert_nonnull (strstr (error->message, bad[i].says));
    }
}

static int
write_golden (guint64 expected_count)
{
  int fd = memfd_create ("nbkm", MFD_CLOEXEC);
  g_autoptr (GError) error = NULL;
  g_autoptr (BkNbkmWriter) writer = bk_nbkm_writer_new (fd, START, 2, expected_count, &error);
  guint64 count;

  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (golden); i++)
    {
      g_assert_true (bk_nbkm_writer_add (writer, &golden[i], &error));
      g_assert_no_error (error);
    }
  g_assert_true (bk_nbkm_writer_finish (writer, &count, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (count, ==, G_N_ELEMENTS (golden));
  return fd;
}

static void
test_written_is_golden (void)
{
  const guint64 guesses[] = { G_N_ELEMENTS (golden), 0, 7, G_MAXUINT64 };

  for (guint i = 0; i < G_N_ELEMENTS (guesses); i++)
    {
      autofd int fd = write_golden (guesses[i]);

      assert_is_golden (fd);
    }
}

static void
test_every_flip_is_seen (void)
{
  autofd int fd = write_golden (0);
  g_autoptr (GError) error = NULL;
  struct stat st;
  guint64 count;

  g_assert_cmpint (fstat (fd, &st), ==, 0);
  for (off_t i = 0; i < st.st_size; i++)
    {
      for (guint bit = 0; bit < 8; bit++)
        {
          guint8 byte;

          g_assert_cmpint (pread (fd, &byte, 1, i), ==, 1);
          byte ^= (guint8) (1u << bit);
          g_assert_cmpint (pwrite (fd, &byte, 1, i), ==, 1);
          /* A flip in a zstd header may leave the content as it is; then it must be the same. */
          if (read_all (fd, &count, &error))
            assert_is_golden (fd);
          g_clear_error (&error);
          byte ^= (guint8) (1u << bit);
          g_assert_cmpint (pwrite (fd, &byte, 1, i), ==, 1);
        }
    }
  for (off_t length = st.st_size - 1; length >= 0; length--)
    {
      g_assert_cmpint (ftruncate (fd, length), ==, 0);
      g_assert_false (read_all (fd, &count, &error));
      g_clear_error (&error);
    }
}

static void
test_many (void)
{
  const guint n = 30000; /* several buffers */
  autofd int fd = memfd_create ("nbkm", MFD_CLOEXEC);
  g_autoptr (GError) error = NULL;
  g_autoptr (BkNbkmWriter) writer = bk_nbkm_writer_new (fd, START, 0, 0, &error);
  guint64 count;

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *path = g_strdup_printf ("home/user/%05u/%*s", i, 1 + (int) (i % 200), "x");
      BkTreeEntry entry = { .path = path, .path_length = (guint16) strlen (path), .size_bytes = i };

      g_assert_true (bk_nbkm_writer_add (writer, &entry, &error));
    }
  g_assert_true (bk_nbkm_writer_finish (writer, NULL, &error));
  g_assert_true (read_all (fd, &count, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (count, ==, n);
}

static void
test_writer_refuses (void)
{
  autofd int fd = memfd_create ("nbkm", MFD_CLOEXEC);
  g_autoptr (GError) error = NULL;
  g_autoptr (BkNbkmWriter) writer = bk_nbkm_writer_new (fd, START, 1, 0, &error);
  const BkTreeEntry dot = { "a.b", 3, 0, 0, 0, 0 };
  const BkTreeEntry below = { "a/b", 3, 0, 0, 0, 0 };
  const BkTreeEntry later = { "b", 1, 2, 0, 0, 0 };

  g_assert_true (bk_nbkm_writer_add (writer, &dot, &error));
  g_assert_false (bk_nbkm_writer_add (writer, &dot, NULL));
  g_assert_false (bk_nbkm_writer_add (writer, &below, NULL));
  g_assert_false (bk_nbkm_writer_add (writer, &later, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_FAILED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/format/nbkm/golden-good", test_golden_good);
  g_test_add_func ("/format/nbkm/golden-bad", test_golden_bad);
  g_test_add_func ("/format/nbkm/written-is-golden", test_written_is_golden);
  g_test_add_func ("/format/nbkm/every-flip-is-seen", test_every_flip_is_seen);
  g_test_add_func ("/format/nbkm/many", test_many);
  g_test_add_func ("/format/nbkm/writer-refuses", test_writer_refuses);
  return g_test_run ();
}
