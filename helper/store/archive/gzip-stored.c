#include "store/archive/gzip-stored.h"

#include <string.h>

/* A look at a piece: in so many samples from all over it, how many pairs of bytes are equal? Random
 * bytes have 1 in 256, and encrypted or compressed data, of which disks have much, hardly more:
 * compressing does not make them smaller, and storing them leaves the processor to those who pass
 * them on. One sample of text or zeros among the others is enough to compress. What is stored
 * although it would have become smaller is 0.04 % of 64 MiB of pictures and packages, and nothing of
 * text and programs (measured). */
#define SAMPLES_COUNT 64
#define SAMPLE_BYTES 128
#define PAIRS_OF_RANDOM_COUNT (SAMPLES_COUNT * SAMPLE_BYTES * (SAMPLE_BYTES - 1) / 2 / 256)
#define PAIRS_MAX_COUNT (PAIRS_OF_RANDOM_COUNT * 12 / 10)

/* Shorter ones are always compressed: the look would take as long. */
#define LOOK_LEAST_BYTES (64 * 1024)

/* RFC 1951, 3.2.4: a byte that says that the block is not compressed and not the last one, its
 * length and the complement of that. */
#define STORED_MAX_BYTES 65535
#define STORED_HEAD_BYTES 5
#define STORED_BLOCK_BYTES (STORED_HEAD_BYTES + STORED_MAX_BYTES)

/**
 * bk_gzip_is_worth_compressing:
 *
 * Samples stand at uneven distances, so that what comes again and again at even ones is not taken
 * for the whole; always at the same places, so that the same bytes give the same file.
 *
 * Returns: whether the bytes would become smaller, by a look at some of them.
 */
gboolean
bk_gzip_is_worth_compressing (const guint8 *plain, gsize plain_bytes)
{
  gsize stride_bytes = plain_bytes / SAMPLES_COUNT;
  guint pairs_count = 0;

  if (plain_bytes < LOOK_LEAST_BYTES)
    return TRUE;
  for (guint32 i = 0; i < SAMPLES_COUNT && pairs_count <= PAIRS_MAX_COUNT; i++)
    {
      /* Knuth's multiplicative hash. */
      gsize shift_bytes = ((i * 2654435761u) >> 8) % (stride_bytes - SAMPLE_BYTES + 1);
      const guint8 *sample = plain + i * stride_bytes + shift_bytes;
      guint8 seen_count[256] = { 0 };

      for (guint j = 0; j < SAMPLE_BYTES; j++)
        pairs_count += seen_count[sample[j]]++;
    }
  return pairs_count > PAIRS_MAX_COUNT;
}

/**
 * bk_gzip_stored_bytes:
 *
 * Returns: the length of what bk_gzip_stored_copy() gives of @plain_bytes in all.
 */
gsize
bk_gzip_stored_bytes (gsize plain_bytes)
{
  return plain_bytes + (plain_bytes + STORED_MAX_BYTES - 1) / STORED_MAX_BYTES * STORED_HEAD_BYTES;
}

static gsize
copy_head (gsize block_bytes, gsize at, guint8 *to, gsize to_bytes)
{
  const guint8 head[STORED_HEAD_BYTES] = { 0, (guint8) block_bytes, (guint8) (block_bytes >> 8),
                                           (guint8) ~block_bytes, (guint8) (~block_bytes >> 8) };
  gsize step_bytes = MIN (STORED_HEAD_BYTES - at, to_bytes);

  memcpy (to, head + at, step_bytes);
  return step_bytes;
}

/**
 * bk_gzip_stored_copy:
 * @offset_bytes: of the stored form, where to begin; at most bk_gzip_stored_bytes()
 *
 * Puts a part of @plain as deflate data that are not compressed into @to: blocks that are not the
 * last of a stream. They are made as they are copied, so that nothing else holds them.
 *
 * Returns: how many bytes: @to_bytes, or what is left.
 */
gsize
bk_gzip_stored_copy (
    const guint8 *plain, gsize plain_bytes, gsize offset_bytes, guint8 *to, gsize to_bytes)
{
  gsize left_bytes = MIN (bk_gzip_stored_bytes (plain_bytes) - offset_bytes, to_bytes);
  gsize done_bytes = 0;

  while (done_bytes < left_bytes)
    {
      gsize begin = (offset_bytes + done_bytes) / STORED_BLOCK_BYTES * STORED_MAX_BYTES;
      gsize at = (offset_bytes + done_bytes) % STORED_BLOCK_BYTES;
      gsize block_bytes = MIN (plain_bytes - begin, STORED_MAX_BYTES);
      gsize room_bytes = left_bytes - done_bytes;

      if (at < STORED_HEAD_BYTES)
        {
          done_bytes += copy_head (block_bytes, at, to + done_bytes, room_bytes);
          continue;
        }
      gsize step_bytes = MIN (block_bytes + STORED_HEAD_BYTES - at, room_bytes);
      memcpy (to + done_bytes, plain + begin + at - STORED_HEAD_BYTES, step_bytes);
      done_bytes += step_bytes;
    }
  return done_bytes;
}
