#include "store/archive/gzip-packer.h"

#include <isa-l/igzip_lib.h>

#define LEVEL 1
#define LEVEL_BUFFER_BYTES ISAL_DEF_LVL1_DEFAULT

/* Beside what is compressed: the flush, and what blocks of bytes that do not become smaller cost. */
#define BLOCK_BYTES 65535
#define BLOCK_COST_BYTES 5
#define FLUSH_BYTES 1024

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
 * Returns: what bk_gzip_packer_pack() makes of @plain_bytes at most.
 */
gsize
bk_gzip_packed_max_bytes (gsize plain_bytes)
{
  return plain_bytes + (plain_bytes / BLOCK_BYTES + 1) * BLOCK_COST_BYTES + FLUSH_BYTES;
}

/**
 * bk_gzip_packer_pack:
 * @packed_size: at least bk_gzip_packed_max_bytes() of @plain_bytes
 *
 * Returns: the length of the deflate data in @packed: they end at a byte, are not the last of a
 *   stream, and refer to nothing before them.
 */
gsize
bk_gzip_packer_pack (
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
