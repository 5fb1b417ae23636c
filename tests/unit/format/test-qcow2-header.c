#include "format/qcow2-header.h"

#include "base/error.h"

#include <string.h>

#define HEADER_BYTES 104
#define NAME_AT 200

static void
put (GByteArray *image, gsize at, guint64 value, gsize length_bytes)
{
  guint64 big_endian = GUINT64_TO_BE (value);

  memcpy (image->data + at, (guint8 *) &big_endian + (8 - length_bytes), length_bytes);
}

static GByteArray *
sample (guint32 version, const char *name)
{
  GByteArray *image = g_byte_array_new ();

  g_byte_array_set_size (image, 512);
  memset (image->data, 0, image->len);
  memcpy (image->data, "QFI\xfb", 4);
  put (image, 4, version, 4);
  if (name != NULL)
    {
      put (image, 8, NAME_AT, 8);
      put (image, 16, strlen (name), 4);
      memcpy (image->data + NAME_AT, name, strlen (name));
    }
  return image;
}

static void
assert_backing (const GByteArray *image, const char *expected)
{
  g_autofree char *backing = NULL;
  g_autoptr (GError) error = NULL;

  bk_qcow2_read_backing (image->data, image->len, "what", &backing, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (backing, ==, expected);
}

static void
assert_refused (const GByteArray *image)
{
  g_autofree char *backing = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_false (bk_qcow2_read_backing (image->data, image->len, "what", &backing, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_INTEGRITY);
  g_assert_null (backing);
}

static void
test_valid (void)
{
  for (guint32 version = 2; version <= 3; version++)
    {
      g_autoptr (GByteArray) alone = sample (version, NULL);
      g_autoptr (GByteArray) continues = sample (version, "../../x/data/y.qcow2");

      assert_backing (alone, NULL);
      assert_backing (continues, "../../x/data/y.qcow2");
    }
}

static void
test_no_qcow2 (void)
{
  g_autoptr (GByteArray) image = sample (3, NULL);

  put (image, 4, 4, 4);
  assert_refused (image);
  put (image, 4, 1, 4);
  assert_refused (image);
  put (image, 4, 3, 4);
  g_byte_array_set_size (image, HEADER_BYTES);
  assert_backing (image, NULL);
  g_byte_array_set_size (image, HEADER_BYTES - 1);
  assert_refused (image);
  image->data[0] = 'q';
  assert_refused (image);
  g_byte_array_set_size (image, 0);
  assert_refused (image);
}

static void
test_external_data (void)
{
  g_autoptr (GByteArray) image = sample (3, NULL);

  put (image, 72, 1, 8); /* dirty: harmless */
  assert_backing (image, NULL);
  put (image, 72, 1 | 4, 8);
  assert_refused (image);
}

static void
test_hostile_names (void)
{
  static const struct
  {
    guint64 offset;
    guint32 length_bytes;
  } cases[] = {
    { 512, 1 },  { 511, 2 },    { G_MAXUINT64, 1 },   { G_MAXUINT64 - 3, 8 },
    { 200, 0 },  { 200, 1024 }, { 200, G_MAXUINT32 }, { 199, 4 },
    { 200, 21 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GByteArray) image = sample (3, "../../x/data/y.qcow2");

      put (image, 8, cases[i].offset, 8);
      put (image, 16, cases[i].length_bytes, 4);
      assert_refused (image);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/format/qcow2-header/valid", test_valid);
  g_test_add_func ("/format/qcow2-header/no-qcow2", test_no_qcow2);
  g_test_add_func ("/format/qcow2-header/external-data", test_external_data);
  g_test_add_func ("/format/qcow2-header/hostile-names", test_hostile_names);
  return g_test_run ();
}
