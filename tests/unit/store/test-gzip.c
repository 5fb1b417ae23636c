#include "store/gzip.h"

#include <string.h>

static GBytes *
convert (GConverter *converter, GInputStream *bytes)
{
  g_autoptr (GInputStream) converted = g_converter_input_stream_new (bytes, converter);
  g_autoptr (GOutputStream) out = g_memory_output_stream_new_resizable ();
  g_autoptr (GError) error = NULL;

  g_output_stream_splice (out, converted, G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, NULL, &error);
  g_assert_no_error (error);
  return g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (out));
}

static GBytes *
convert_bytes (GConverter *converter, GBytes *bytes)
{
  g_autoptr (GInputStream) in = g_memory_input_stream_new_from_bytes (bytes);

  return convert (converter, in);
}

static GBytes *
make_bytes (const char *kind, gsize length_bytes)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  guint8 *data = g_malloc0 (length_bytes);

  for (gsize i = 0; i < length_bytes && strcmp (kind, "zeros") != 0; i++)
    {
      guint32 random = g_rand_int (rand);

      data[i] = (guint8) random;
      if (strcmp (kind, "text") == 0)
        data[i] = (guint8) "etaoin shrdlu"[random % 13];
    }
  return g_bytes_new_take (data, length_bytes);
}

static void
test_round_trip (void)
{
  static const char *const kinds[] = { "zeros", "text", "random" };
  static const gsize lengths[] = { 0, 1, 4096, 1000 * 1000, 5 * 1000 * 1000 + 7 };
  g_autoptr (GConverter) gzip = bk_gzip_compressor_new ();

  for (guint k = 0; k < G_N_ELEMENTS (kinds); k++)
    {
      for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
        {
          g_autoptr (GBytes) plain = make_bytes (kinds[k], lengths[i]);
          g_autoptr (GConverter) gunzip =
              G_CONVERTER (g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP));

          g_converter_reset (gzip);
          g_autoptr (GBytes) packed = convert_bytes (gzip, plain);
          g_autoptr (GBytes) again = convert_bytes (gunzip, packed);
          g_assert_true (g_bytes_equal (plain, again));
          if (strcmp (kinds[k], "random") != 0 && lengths[i] > 4096)
            g_assert_cmpuint (g_bytes_get_size (packed), <, lengths[i] * 2 / 3);
        }
    }
}

/* One byte of room at a time, one byte of input at a time. */
static void
test_small_steps (void)
{
  static const char plain[] = "The quick brown fox jumps over the lazy dog. The quick brown fox.";
  g_autoptr (GConverter) gzip = bk_gzip_compressor_new ();
  g_autoptr (GByteArray) packed = g_byte_array_new ();
  GConverterResult result = G_CONVERTER_CONVERTED;
  gsize at = 0;

  while (result != G_CONVERTER_FINISHED)
    {
      g_autoptr (GError) error = NULL;
      gsize in_bytes = MIN (1, strlen (plain) - at);
      gsize read_bytes = 0, written_bytes = 0;
      guint8 out;

      result = g_converter_convert (gzip, plain + at, in_bytes, &out, 1,
                                    at == strlen (plain) ? G_CONVERTER_INPUT_AT_END
                                                         : G_CONVERTER_NO_FLAGS,
                                    &read_bytes, &written_bytes, &error);
      g_assert_no_error (error);
      at += read_bytes;
      g_byte_array_append (packed, &out, (guint) written_bytes);
    }

  g_autoptr (GBytes) bytes = g_byte_array_free_to_bytes (g_steal_pointer (&packed));
  g_autoptr (GConverter) gunzip =
      G_CONVERTER (g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP));
  g_autoptr (GBytes) again = convert_bytes (gunzip, bytes);
  g_assert_cmpmem (g_bytes_get_data (again, NULL), g_bytes_get_size (again), plain, strlen (plain));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/gzip/round-trip", test_round_trip);
  g_test_add_func ("/store/gzip/small-steps", test_small_steps);
  return g_test_run ();
}
