#include "format/seek-table.h"

#include "base/error.h"
#include "base/fd.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

static int
file_of (const void *data, gsize length_bytes)
{
  int fd = memfd_create ("seek-table", MFD_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, data, length_bytes), ==, length_bytes);
  return fd;
}

/* Two frames of 3 and 5 bytes, then their table. */
static GByteArray *
sample (void)
{
  g_autoptr (BkSeekTableBuilder) builder = bk_seek_table_builder_new ();

  g_assert_true (bk_seek_table_builder_add (builder, 3, 1024, NULL));
  g_assert_true (bk_seek_table_builder_add (builder, 5, 512, NULL));

  g_autoptr (GByteArray) table = bk_seek_table_builder_end (builder);
  GByteArray *file = g_byte_array_new ();
  g_byte_array_append (file, (const guint8 *) "AAABBBBB", 8);
  g_byte_array_append (file, table->data, table->len);
  return file;
}

static void
test_round_trip (void)
{
  g_autoptr (GByteArray) file = sample ();
  autofd int fd = file_of (file->data, file->len);
  g_autoptr (GError) error = NULL;
  g_autoptr (BkSeekTable) table = bk_seek_table_new_from_fd (fd, "sample", &error);

  g_assert_no_error (error);
  g_assert_cmpuint (table->frames_count, ==, 2);
  g_assert_cmpuint (table->points[0].offset_bytes, ==, 0);
  g_assert_cmpuint (table->points[1].offset_bytes, ==, 3);
  g_assert_cmpuint (table->points[1].plain_offset_bytes, ==, 1024);
  g_assert_cmpuint (table->points[2].offset_bytes, ==, 8);
  g_assert_cmpuint (table->points[2].plain_offset_bytes, ==, 1536);
}

/* The constants are zstd's, not ours: these bytes are written out from its specification. */
static void
test_golden (void)
{
  static const guint8 golden[] = {
    'A',  'A',  'A',  'B',  'B', 'B',  'B',  'B',        /* frames */
    0x5e, 0x2a, 0x4d, 0x18, 25,  0,    0,    0,          /* skippable frame, its length */
    3,    0,    0,    0,    0,   4,    0,    0,          /* frame 0: 3 → 1024 */
    5,    0,    0,    0,    0,   2,    0,    0,          /* frame 1: 5 → 512 */
    2,    0,    0,    0,    0,   0xb1, 0xea, 0x92, 0x8f, /* footer */
  };
  g_autoptr (GByteArray) file = sample ();

  g_assert_cmpmem (file->data, file->len, golden, sizeof golden);
}

static void
test_hostile (void)
{
  static const struct
  {
    const char *what;
    guint at;
    guint8 value;
    BkError code;
  } cases[] = {
    { "begins with another magic", 8, 0x5f, BK_ERROR_INTEGRITY },
    { "length of the skippable frame", 12, 26, BK_ERROR_INTEGRITY },
    { "first frame longer than it is", 16, 4, BK_ERROR_INTEGRITY },
    { "first frame without bytes", 16, 0, BK_ERROR_INTEGRITY },
    { "frame of 64 MiB and more", 23, 0x10, BK_ERROR_INTEGRITY },
    { "more frames than entries", 32, 3, BK_ERROR_INTEGRITY },
    { "fewer frames than entries", 32, 1, BK_ERROR_INTEGRITY },
    { "more frames than the file has bytes", 34, 0x10, BK_ERROR_INTEGRITY },
    { "more frames than we take", 35, 0x7f, BK_ERROR_INTEGRITY },
    { "reserved bits", 36, 0x04, BK_ERROR_INTEGRITY },
    { "checksums that are not there", 36, 0x80, BK_ERROR_INTEGRITY },
    { "ends with another magic", 40, 0x8e, BK_ERROR_NOT_FOUND },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GByteArray) file = sample ();
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", cases[i].what);
      file->data[cases[i].at] = cases[i].value;
      autofd int fd = file_of (file->data, file->len);
      g_assert_null (bk_seek_table_new_from_fd (fd, "sample", &error));
      g_assert_error (error, BK_ERROR, (gint) cases[i].code);
    }
}

static void
test_cut (void)
{
  g_autoptr (GByteArray) file = sample ();

  for (guint length = 0; length < file->len; length++)
    {
      g_autoptr (GError) error = NULL;
      autofd int fd = file_of (file->data, length);

      g_assert_null (bk_seek_table_new_from_fd (fd, "sample", &error));
      g_assert_error (error, BK_ERROR, BK_ERROR_NOT_FOUND);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/format/seek-table/round-trip", test_round_trip);
  g_test_add_func ("/format/seek-table/golden", test_golden);
  g_test_add_func ("/format/seek-table/hostile", test_hostile);
  g_test_add_func ("/format/seek-table/cut", test_cut);
  return g_test_run ();
}
