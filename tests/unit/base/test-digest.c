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

static void
test_file (void)
{
  g_autofree char *name = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  autofd int fd = g_file_open_tmp ("bk-XXXXXX", &name, &error);
  guint64 size = 0;
  guint64 told = 0;
  g_autofree char *zeros = g_malloc0 (3 * 1024 * 1024 + 1);

  g_assert_no_error (error);
  g_assert_cmpint (write (fd, zeros, 3 * 1024 * 1024 + 1), ==, 3 * 1024 * 1024 + 1);
  g_unlink (name);

  g_autofree char *expected = bk_sha256_hex_of (zeros, 3 * 1024 * 1024 + 1);
  g_autofree char *hex = bk_sha256_of_fd (fd, name, &size, add_bytes, &told, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (hex, ==, expected);
  g_assert_cmpuint (size, ==, 3 * 1024 * 1024 + 1);
  g_assert_cmpuint (told, ==, size);

  g_cancellable_cancel (cancelled);
  g_assert_null (bk_sha256_of_fd (fd, name, NULL, NULL, NULL, cancelled, &error));
  g_assert_cmpint (bk_error_code (error), ==, BK_ERROR_CANCELLED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/digest/vectors", test_vectors);
  g_test_add_func ("/base/digest/file", test_file);
  return g_test_run ();
}
