#include "store/archive/gzip-ring.h"

#include <string.h>

typedef struct
{
  BkGzipRing *ring;
  GBytes *plain;
  gsize step_bytes;
  const GError *failure;
  gboolean was_stopped;
} Writing;

static gpointer
write_all (gpointer user_data)
{
  Writing *writing = user_data;
  gsize length_bytes;
  const guint8 *at = g_bytes_get_data (writing->plain, &length_bytes);

  for (gsize done = 0; done < length_bytes && !writing->was_stopped; done += writing->step_bytes)
    writing->was_stopped = !bk_gzip_ring_write (writing->ring, at + done,
                                                MIN (writing->step_bytes, length_bytes - done));
  bk_gzip_ring_end (writing->ring, writing->failure);
  return NULL;
}

static gboolean
read_all (BkGzipRing *ring, gsize step_bytes, GByteArray *packed, GError **error)
{
  g_autofree guint8 *buffer = g_malloc (step_bytes);
  gssize n;

  while ((n = bk_gzip_ring_read (ring, buffer, step_bytes, NULL, error)) > 0)
    g_byte_array_append (packed, buffer, (guint) n);
  return n == 0;
}

/* Of @plain, written and read in steps of these lengths. */
static GBytes *
pack (GBytes *plain, gsize write_bytes, gsize read_bytes)
{
  g_autoptr (BkGzipRing) ring = bk_gzip_ring_new ();
  Writing writing = { ring, plain, write_bytes, NULL, FALSE };
  g_autoptr (GByteArray) packed = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  GThread *thread = g_thread_new ("writer", write_all, &writing);

  read_all (ring, read_bytes, packed, &error);
  g_assert_no_error (error);
  g_thread_join (thread);
  g_assert_false (writing.was_stopped);
  return g_byte_array_free_to_bytes (g_steal_pointer (&packed));
}

static GBytes *
unpack (GBytes *packed)
{
  g_autoptr (GConverter) gunzip =
      G_CONVERTER (g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP));
  g_autoptr (GInputStream) in = g_memory_input_stream_new_from_bytes (packed);
  g_autoptr (GInputStream) plain = g_converter_input_stream_new (in, gunzip);
  g_autoptr (GOutputStream) out = g_memory_output_stream_new_resizable ();
  g_autoptr (GError) error = NULL;

  g_output_stream_splice (out, plain, G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, NULL, &error);
  g_assert_no_error (error);
  return g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (out));
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
  static const gsize lengths[] = { 0, 1, 4096, 256 * 1024, 1000 * 1000, 9 * 1000 * 1000 + 7 };

  for (guint k = 0; k < G_N_ELEMENTS (kinds); k++)
    {
      for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
        {
          g_autoptr (GBytes) plain = make_bytes (kinds[k], lengths[i]);
          g_autoptr (GBytes) packed = pack (plain, 100 * 1000, 64 * 1024);
          g_autoptr (GBytes) again = unpack (packed);

          g_assert_true (g_bytes_equal (plain, again));
          if (strcmp (kinds[k], "random") != 0 && lengths[i] > 4096)
            g_assert_cmpuint (g_bytes_get_size (packed), <, lengths[i] * 2 / 3);
          g_assert_cmpuint (g_bytes_get_size (packed), <, lengths[i] + lengths[i] / 1000 + 64);
        }
    }
}

/* The same bytes give the same file, whoever compressed which piece, however they are asked for. */
static void
test_small_steps (void)
{
  g_autoptr (GBytes) plain = make_bytes ("text", 600 * 1000);
  g_autoptr (GBytes) packed = pack (plain, 600 * 1000, 1024 * 1024);
  g_autoptr (GBytes) of_small_steps = pack (plain, 7, 1);

  g_assert_true (g_bytes_equal (packed, of_small_steps));
}

/* What is put into the ring's own room is the same as what is copied there. */
static gpointer
write_in_place (gpointer user_data)
{
  Writing *writing = user_data;
  gsize length_bytes;
  const guint8 *at = g_bytes_get_data (writing->plain, &length_bytes);

  for (gsize done = 0; done < length_bytes;)
    {
      gsize room_bytes = 0;
      guint8 *room = bk_gzip_ring_room (writing->ring, &room_bytes);
      gsize step_bytes = MIN (MIN (writing->step_bytes, room_bytes), length_bytes - done);

      g_assert_nonnull (room);
      g_assert_cmpuint (room_bytes, >, 0);
      memcpy (room, at + done, step_bytes);
      g_assert_true (bk_gzip_ring_write (writing->ring, room, step_bytes));
      done += step_bytes;
    }
  bk_gzip_ring_end (writing->ring, NULL);
  return NULL;
}

static void
test_in_place (void)
{
  static const char *const kinds[] = { "text", "random" };
  static const gsize steps[] = { 7 * 1000, 300 * 1000 };

  for (guint i = 0; i < G_N_ELEMENTS (kinds) * G_N_ELEMENTS (steps); i++)
    {
      g_autoptr (GBytes) plain = make_bytes (kinds[i / 2], 5 * 1000 * 1000);
      g_autoptr (BkGzipRing) ring = bk_gzip_ring_new ();
      Writing writing = { ring, plain, steps[i % 2], NULL, FALSE };
      g_autoptr (GByteArray) packed = g_byte_array_new ();
      g_autoptr (GError) error = NULL;
      GThread *thread = g_thread_new ("writer", write_in_place, &writing);

      read_all (ring, 64 * 1024, packed, &error);
      g_assert_no_error (error);
      g_thread_join (thread);
      /* Not the packed bytes: which matches ISA-L takes depends on what a worker packed before. */
      g_autoptr (GBytes) ended = g_byte_array_free_to_bytes (g_steal_pointer (&packed));
      g_autoptr (GBytes) again = unpack (ended);
      g_assert_true (g_bytes_equal (again, plain));
    }
}

/* Pieces of both kinds one after the other, more of them than the ring has. */
static void
test_mixed (void)
{
  const gsize step_bytes = 700 * 1000;
  g_autoptr (GBytes) text = make_bytes ("text", step_bytes);
  g_autoptr (GBytes) random = make_bytes ("random", step_bytes);
  g_autoptr (GByteArray) both = g_byte_array_new ();

  for (guint i = 0; i < 10; i++)
    {
      g_byte_array_append (both, g_bytes_get_data (text, NULL), (guint) step_bytes);
      g_byte_array_append (both, g_bytes_get_data (random, NULL), (guint) step_bytes);
    }
  g_autoptr (GBytes) plain = g_byte_array_free_to_bytes (g_steal_pointer (&both));
  g_autoptr (GBytes) packed = pack (plain, 100 * 1000, 64 * 1024);
  g_autoptr (GBytes) again = unpack (packed);

  g_assert_true (g_bytes_equal (plain, again));
}

static void
test_failure (void)
{
  static const gsize lengths[] = { 0, 100, 300 * 1000, 9 * 1000 * 1000 };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr (GError) failure = g_error_new (G_IO_ERROR, G_IO_ERROR_FAILED, "as it must");
      g_autoptr (GBytes) plain = make_bytes ("text", lengths[i]);
      g_autoptr (BkGzipRing) ring = bk_gzip_ring_new ();
      Writing writing = { ring, plain, 100 * 1000, failure, FALSE };
      g_autoptr (GByteArray) packed = g_byte_array_new ();
      g_autoptr (GError) error = NULL;
      GThread *thread = g_thread_new ("writer", write_all, &writing);

      g_assert_false (read_all (ring, 64 * 1024, packed, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
      g_thread_join (thread);
      if (lengths[i] == 0)
        g_assert_cmpuint (packed->len, ==, 0);
    }
}

static void
test_stop_ends_writer (void)
{
  g_autoptr (GBytes) plain = make_bytes ("random", 16 * 1000 * 1000);
  g_autoptr (BkGzipRing) ring = bk_gzip_ring_new ();
  Writing writing = { ring, plain, 100 * 1000, NULL, FALSE };
  GThread *thread = g_thread_new ("writer", write_all, &writing);
  guint8 byte;

  g_assert_cmpint (bk_gzip_ring_read (ring, &byte, 1, NULL, NULL), ==, 1);
  bk_gzip_ring_stop (ring);
  g_thread_join (thread);
  g_assert_true (writing.was_stopped);
}

static void
test_cancel_ends_reader (void)
{
  g_autoptr (BkGzipRing) ring = bk_gzip_ring_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  guint8 byte;

  g_cancellable_cancel (cancellable);
  g_assert_cmpint (bk_gzip_ring_read (ring, &byte, 1, cancellable, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/gzip-ring/round-trip", test_round_trip);
  g_test_add_func ("/store/gzip-ring/small-steps", test_small_steps);
  g_test_add_func ("/store/gzip-ring/in-place", test_in_place);
  g_test_add_func ("/store/gzip-ring/mixed", test_mixed);
  g_test_add_func ("/store/gzip-ring/failure", test_failure);
  g_test_add_func ("/store/gzip-ring/stop-ends-writer", test_stop_ends_writer);
  g_test_add_func ("/store/gzip-ring/cancel-ends-reader", test_cancel_ends_reader);
  return g_test_run ();
}
