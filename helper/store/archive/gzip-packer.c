#include "store/archive/gzip-packer.h"

#include <isa-l/igzip_lib.h>
#include <string.h>

#define LEVEL 1
#define LEVEL_BUFFER_BYTES ISAL_DEF_LVL1_DEFAULT

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

struct _BkGzipPacker
{
  struct isal_zstream stream;
  guint8 *level_buffer;
};

BkGzipPacker *
bk_gzip_packer_new (void)
{
  BkGzipPacker *self = g_new0 (BkGzipPacker, 1);

  self->level_buffer = g_malloc (LEVEL_BUFFER_BYTES);
  isal_deflate_init (&self->stream);
  self->stream.level = LEVEL;
  self->stream.level_buf = self->level_buffer;
  self->stream.level_buf_size = LEVEL_BUFFER_BYTES;
  self->stream.gzip_flag = IGZIP_DEFLATE;
  return self;
}

void
bk_gzip_packer_free (BkGzipPacker *packer)
{
  g_free (packer->level_buffer);
  g_free (packer);
}

/**
 * bk_gzip_packed_max_bytes:
 *
 * Returns: what bk_gzip_packer_pack() makes of @plain_bytes at most: stored blocks of 64 KiB with
 *   five bytes each, and the flush.
 */
gsize
bk_gzip_packed_max_bytes (gsize plain_bytes)
{
  return plain_bytes + (plain_bytes / STORED_MAX_BYTES + 1) * STORED_HEAD_BYTES + 1024;
}

static gsize
compress (
    BkGzipPacker *packer, const guint8 *plain, gsize plain_bytes, guint8 *packed, gsize packed_size)
{
  struct isal_zstream *stream = &packer->stream;

  isal_deflate_reset (stream);
  stream->next_in = (guint8 *) plain;
  stream->avail_in = (guint32) plain_bytes;
  stream->next_out = packed;
  stream->avail_out = (guint32) packed_size;
  stream->flush = FULL_FLUSH;
  stream->end_of_stream = 0;
  if (isal_deflate (stream) != COMP_OK || stream->avail_in > 0 || stream->avail_out == 0)
    g_error ("ISA-L does not compress %" G_GSIZE_FORMAT " bytes", plain_bytes);
  return packed_size - stream->avail_out;
}

/* Samples stand at uneven distances, so that what comes again and again at even ones is not taken
 * for the whole; always at the same places, so that the same bytes give the same file. */
static gboolean
is_worth_compressing (const guint8 *plain, gsize plain_bytes)
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

static gsize
store (const guint8 *plain, gsize plain_bytes, guint8 *packed)
{
  guint8 *at = packed;

  while (plain_bytes > 0)
    {
      gsize block_bytes = MIN (plain_bytes, STORED_MAX_BYTES);

      *at++ = 0;
      *at++ = (guint8) block_bytes;
      *at++ = (guint8) (block_bytes >> 8);
      *at++ = (guint8) ~block_bytes;
      *at++ = (guint8) (~block_bytes >> 8);
      memcpy (at, plain, block_bytes);
      at += block_bytes;
      plain += block_bytes;
      plain_bytes -= block_bytes;
    }
  return (gsize) (at - packed);
}

/**
 * bk_gzip_packer_pack:
 * @packed_size: at least bk_gzip_packed_max_bytes() of @plain_bytes
 *
 * Compresses, or stores what would not become smaller.
 *
 * Returns: the length of the deflate data in @packed: they end at a byte, are not the last of a
 *   stream, and refer to nothing before them.
 */
gsize
bk_gzip_packer_pack (
    BkGzipPacker *packer, const guint8 *plain, gsize plain_bytes, guint8 *packed, gsize packed_size)
{
  return is_worth_compressing (plain, plain_bytes)
             ? compress (packer, plain, plain_bytes, packed, packed_size)
             : store (plain, plain_bytes, packed);
}
