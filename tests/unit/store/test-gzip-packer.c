#include "store/archive/gzip-packer.h"
#include "store/archive/gzip-stored.h"

#include <gio/gio.h>
#include <string.h>

#define PIECE_BYTES (256 * 1024)
#define PAGE_BYTES 8192
#define STORED_MAX_BYTES 65535

static void
fill_random (guint8 *data, gsize length_bytes, guint32 seed)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);

  for (gsize i = 0; i < length_bytes; i++)
    data[i] = (guint8) g_rand_int (rand);
}

static void
fill_text (guint8 *data, gsize length_bytes, guint32 seed)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);

  for (gsize i = 0; i < length_bytes; i++)
    data[i] = (guint8) "etaoin shrdlu"[g_rand_int (rand) % 13];
}

/* As a ring does it. */
static GByteArray *
pack (BkGzipPacker *packer, const guint8 *plain, gsize length_bytes)
{
  GByteArray *packed = g_byte_array_new ();

  if (!bk_gzip_is_worth_compressing (plain, length_bytes))
    {
      g_byte_array_set_size (packed, (guint) bk_gzip_stored_bytes (length_bytes));
      g_assert_cmpuint (bk_gzip_stored_copy (plain, length_bytes, 0, packed->data, packed->len + 9),
                        ==, packed->len);
      return packed;
    }
  g_byte_array_set_size (packed, (guint) bk_gzip_packed_max_bytes (length_bytes));
  g_byte_array_set_size (
      packed, (guint) bk_gzip_packer_pack (packer, plain, length_bytes, packed->data, packed->len));
  return packed;
}

static gboolean
is_stored (const GByteArray *packed, gsize length_bytes)
{
  return packed->len == length_bytes + (length_bytes + STORED_MAX_BYTES - 1) / STORED_MAX_BYTES * 5;
}

/* @packed: without the last block */
static void
assert_unpacks (const GByteArray *packed, const guint8 *plain, gsize length_bytes)
{
  static const guint8 last_block[] = { 0x03, 0x00 };
  g_autoptr (GByteArray) whole = g_byte_array_new ();
  g_autoptr (GConverter) inflate =
      G_CONVERTER (g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_RAW));
  g_autofree guint8 *again = g_malloc (length_bytes + 1);
  g_autoptr (GError) error = NULL;
  gsize again_bytes;

  g_byte_array_append (whole, packed->data, packed->len);
  g_byte_array_append (whole, last_block, sizeof last_block);
  g_autoptr (GBytes) bytes = g_byte_array_free_to_bytes (g_steal_pointer (&whole));
  g_autoptr (GInputStream) in = g_memory_input_stream_new_from_bytes (bytes);
  g_autoptr (GInputStream) unpacked = g_converter_input_stream_new (in, inflate);
  g_input_stream_read_all (unpacked, again, length_bytes + 1, &again_bytes, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (plain, length_bytes, again, again_bytes);
}

/* Encrypted or compressed data: no more than five bytes for each 64 KiB are added. */
static void
test_random_is_stored (void)
{
  static const gsize lengths[] = { 65536, 131070, 131071, 200 * 1000, PIECE_BYTES };
  g_autoptr (BkGzipPacker) packer = bk_gzip_packer_new ();
  g_autofree guint8 *plain = g_malloc (PIECE_BYTES);

  fill_random (plain, PIECE_BYTES, 7);
  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr (GByteArray) packed = pack (packer, plain, lengths[i]);

      g_assert_true (is_stored (packed, lengths[i]));
      g_assert_cmpmem (packed->data + 5, STORED_MAX_BYTES, plain, STORED_MAX_BYTES);
      assert_unpacks (packed, plain, lengths[i]);
    }
}

/* Whoever takes them takes them in steps of their own. */
static void
test_stored_in_steps (void)
{
  static const gsize steps[] = { 1, 4, 5, 7, 65535, 65540, 65541, 100 * 1000 };
  static const gsize lengths[] = { 65535, 65536, 131071 };
  g_autofree guint8 *plain = g_malloc (PIECE_BYTES);

  fill_random (plain, PIECE_BYTES, 7);
  for (guint i = 0; i < G_N_ELEMENTS (lengths) * G_N_ELEMENTS (steps); i++)
    {
      gsize length_bytes = lengths[i / G_N_ELEMENTS (steps)];
      gsize step_bytes = steps[i % G_N_ELEMENTS (steps)];
      g_autoptr (GByteArray) stored = g_byte_array_new ();
      g_autofree guint8 *step = g_malloc (step_bytes);
      gsize n;

      while ((n = bk_gzip_stored_copy (plain, length_bytes, stored->len, step, step_bytes)) > 0)
        g_byte_array_append (stored, step, (guint) n);
      g_assert_true (is_stored (stored, length_bytes));
      assert_unpacks (stored, plain, length_bytes);
    }
}

static void
test_rest_is_compressed (void)
{
  static const gsize lengths[] = { 1, 4096, 65535, 65536, PIECE_BYTES };
  g_autoptr (BkGzipPacker) packer = bk_gzip_packer_new ();
  g_autofree guint8 *text = g_malloc (PIECE_BYTES);
  g_autofree guint8 *zeros = g_malloc0 (PIECE_BYTES);

  fill_text (text, PIECE_BYTES, 7);
  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr (GByteArray) packed_text = pack (packer, text, lengths[i]);
      g_autoptr (GByteArray) packed_zeros = pack (packer, zeros, lengths[i]);

      assert_unpacks (packed_text, text, lengths[i]);
      assert_unpacks (packed_zeros, zeros, lengths[i]);
      if (lengths[i] < 4096)
        continue;
      g_assert_cmpuint (packed_text->len, <, lengths[i] * 2 / 3);
      g_assert_cmpuint (packed_zeros->len, <, lengths[i] / 32);
    }
}

/* A twentieth of text among random bytes is worth it, wherever it stands. */
static void
test_mixed_is_compressed (void)
{
  g_autoptr (BkGzipPacker) packer = bk_gzip_packer_new ();
  g_autofree guint8 *plain = g_malloc (PIECE_BYTES);
  const gsize text_bytes = PIECE_BYTES / 20;

  for (gsize at = 0; at + text_bytes <= PIECE_BYTES; at += 10007)
    {
      fill_random (plain, PIECE_BYTES, 7);
      fill_text (plain + at, text_bytes, 8);
      g_autoptr (GByteArray) packed = pack (packer, plain, PIECE_BYTES);

      g_assert_cmpuint (packed->len, <, PIECE_BYTES);
      assert_unpacks (packed, plain, PIECE_BYTES);
    }
}

/* Pages of a database: each begins with what can be compressed, at the same distance. */
static void
test_pages_are_compressed (void)
{
  g_autoptr (BkGzipPacker) packer = bk_gzip_packer_new ();
  g_autofree guint8 *plain = g_malloc (PIECE_BYTES);

  for (gsize shift = 0; shift < PAGE_BYTES; shift += 1024)
    {
      fill_random (plain, PIECE_BYTES, 7);
      for (gsize at = shift; at + 1024 <= PIECE_BYTES; at += PAGE_BYTES)
        memset (plain + at, 0, 1024);
      g_autoptr (GByteArray) packed = pack (packer, plain, PIECE_BYTES);

      g_assert_cmpuint (packed->len, <, PIECE_BYTES * 9 / 10);
      assert_unpacks (packed, plain, PIECE_BYTES);
    }
}

/* What a packer did before makes no difference: pieces are packed by whoever is free. Not that the packed
 * bytes are the same: one time in some hundred ISA-L chose others, of the same length. */
static void
test_packs_again (void)
{
  g_autoptr (BkGzipPacker) packer = bk_gzip_packer_new ();
  g_autoptr (BkGzipPacker) other = bk_gzip_packer_new ();
  g_autofree guint8 *random = g_malloc (PIECE_BYTES);
  g_autofree guint8 *text = g_malloc (PIECE_BYTES);

  fill_random (random, PIECE_BYTES, 7);
  fill_text (text, PIECE_BYTES, 7);
  g_autoptr (GByteArray) first = pack (packer, text, PIECE_BYTES);
  g_autoptr (GByteArray) between = pack (packer, random, PIECE_BYTES);
  g_autoptr (GByteArray) again = pack (packer, text, PIECE_BYTES);
  g_autoptr (GByteArray) of_other = pack (other, text, PIECE_BYTES);

  g_assert_true (is_stored (between, PIECE_BYTES));
  assert_unpacks (first, text, PIECE_BYTES);
  assert_unpacks (again, text, PIECE_BYTES);
  assert_unpacks (of_other, text, PIECE_BYTES);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/gzip-packer/random-is-stored", test_random_is_stored);
  g_test_add_func ("/store/gzip-packer/stored-in-steps", test_stored_in_steps);
  g_test_add_func ("/store/gzip-packer/rest-is-compressed", test_rest_is_compressed);
  g_test_add_func ("/store/gzip-packer/mixed-is-compressed", test_mixed_is_compressed);
  g_test_add_func ("/store/gzip-packer/pages-are-compressed", test_pages_are_compressed);
  g_test_add_func ("/store/gzip-packer/packs-again", test_packs_again);
  return g_test_run ();
}
