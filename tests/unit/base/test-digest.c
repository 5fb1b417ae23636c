#include "base/digest.h"

#include "base/error.h"
#include "base/fd.h"

#include <fcntl.h>
#include <string.h>

static void
test_vectors (void)
{
  /* FIPS 180-2, appendix B, and the empty message */
  static const struct
  {
    const char *text;
    const char *hex;
  } vectors[] = {
    { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *hex = bk_sha256_hex_of (vectors[i].text, strlen (vectors[i].text));

      g_assert_cmpstr (hex, ==, vectors[i].hex);
      g_assert_true (bk_sha256_is_hex (hex));
    }
  g_assert_false (bk_sha256_is_hex (NULL));
  g_assert_false (bk_sha256_is_hex ("ba78"));
  g_assert_false (
      bk_sha256_is_hex ("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"));
}

static void
add_bytes (guint64 delta_bytes, gpointer user_data)
{
  *(guint64 *) user_data += delta_bytes;
}

#define MIB ((gsize) 1024 * 1024)

/* A file of its own without a name. */
static int
make_file (const guint8 *bytes, gsize length_bytes)
{
  g_autofree char *name = NULL;
  int fd = g_file_open_tmp ("bk-XXXXXX", &name, NULL);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, bytes, length_bytes), ==, (gssize) length_bytes);
  g_unlink (name);
  return fd;
}

/* Smaller than a piece of what is read at once, as large, larger than all that is read ahead. */
static void
test_file (gconstpointer data)
{
  gsize length_bytes = GPOINTER_TO_SIZE (data);
  g_autofree guint8 *bytes = g_malloc (length_bytes + 1);
  g_autoptr (GError) error = NULL;
  guint64 size = 1;
  guint64 told = 0;

  for (gsize i = 0; i < length_bytes; i++)
    bytes[i] = (guint8) (i >> 13 ^ i);
  autofd int fd = make_file (bytes, length_bytes);
  g_autofree char *expected = bk_sha256_hex_of (bytes, length_bytes);
  g_autofree char *hex = bk_sha256_of_fd (fd, "file", &size, add_bytes, &told, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (hex, ==, expected);
  g_assert_cmpuint (size, ==, length_bytes);
  g_assert_cmpuint (told, ==, length_bytes);
  g_assert_cmpint (lseek (fd, 0, SEEK_CUR), ==, (off_t) length_bytes);
}

static void
cancel (guint64 delta_bytes, gpointer user_data)
{
  g_cancellable_cancel (user_data);
}

/* With more to come that was read ahead. */
static void
test_cancelled (void)
{
  g_autofree guint8 *bytes = g_malloc0 (9 * MIB);
  autofd int fd = make_file (bytes, 9 * MIB);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_assert_null (bk_sha256_of_fd (fd, "file", NULL, cancel, cancellable, cancellable, &error));
  g_assert_cmpint (bk_error_code (error), ==, BK_ERROR_CANCELLED);
}

static void
test_unreadable (gconstpointer data)
{
  gsize length_bytes = GPOINTER_TO_SIZE (data);
  g_autofree guint8 *bytes = g_malloc0 (length_bytes);
  autofd int fd = make_file (bytes, length_bytes);
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  autofd int for_writing = open (path, O_WRONLY | O_CLOEXEC);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (for_writing, >=, 0);
  g_assert_null (bk_sha256_of_fd (for_writing, "the-file", NULL, NULL, NULL, NULL, &error));
  g_assert_cmpint (bk_error_code (error), ==, BK_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "the-file"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/digest/vectors", test_vectors);
  g_test_add_data_func ("/base/digest/file/empty", GSIZE_TO_POINTER (0), test_file);
  g_test_add_data_func ("/base/digest/file/small", GSIZE_TO_POINTER (5), test_file);
  g_test_add_data_func ("/base/digest/file/1-piece", GSIZE_TO_POINTER (MIB), test_file);
  g_test_add_data_func ("/base/digest/file/more", GSIZE_TO_POINTER (MIB + 1), test_file);
  g_test_add_data_func ("/base/digest/file/large", GSIZE_TO_POINTER (13 * MIB + 5), test_file);
  g_test_add_func ("/base/digest/cancelled", test_cancelled);
  g_test_add_data_func ("/base/digest/unreadable/small", GSIZE_TO_POINTER (1), test_unreadable);
  g_test_add_data_func ("/base/digest/unreadable/large", GSIZE_TO_POINTER (3 * MIB),
                        test_unreadable);
  return g_test_run ();
}
