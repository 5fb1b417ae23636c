#include "store/archive/gzip-writer.h"

#include "base/error.h"
#include "base/write.h"

#include <errno.h>
#include <isa-l/igzip_lib.h>
#include <unistd.h>

#define OUTPUT_BYTES (256 * 1024)

struct _BkGzipWriter
{
  int fd; /* borrowed */
  char *where;
  struct isal_zstream stream;
  guint8 *level_buffer;
  guint8 *output;
  BkSha256 *sha256;
  guint64 size_bytes;
};

/**
 * bk_gzip_writer_new:
 * @fd: written from its position on; stays the caller's
 * @where: what an error calls the place it is written to
 */
BkGzipWriter *
bk_gzip_writer_new (int fd, const char *where)
{
  BkGzipWriter *self = g_new0 (BkGzipWriter, 1);

  self->fd = fd;
  self->where = g_strdup (where);
  self->level_buffer = g_malloc (ISAL_DEF_LVL1_DEFAULT);
  self->output = g_malloc (OUTPUT_BYTES);
  self->sha256 = bk_sha256_new ();
  isal_deflate_init (&self->stream);
  self->stream.level = 1;
  self->stream.level_buf = self->level_buffer;
  self->stream.level_buf_size = ISAL_DEF_LVL1_DEFAULT;
  self->stream.gzip_flag = IGZIP_GZIP;
  return self;
}

void
bk_gzip_writer_free (BkGzipWriter *writer)
{
  g_free (writer->level_buffer);
  g_free (writer->output);
  g_free (writer->where);
  bk_sha256_free (writer->sha256);
  g_free (writer);
}

static gboolean
write_output (BkGzipWriter *writer, gsize length_bytes, GError **error)
{
  bk_sha256_update (writer->sha256, writer->output, length_bytes);
  writer->size_bytes += length_bytes;
  return bk_write_all (writer->fd, writer->output, length_bytes) ||
         bk_error_set_errno (error, errno, "The package in “%s” cannot be written", writer->where);
}

static gboolean
deflate (BkGzipWriter *writer, GError **error)
{
  do
    {
      writer->stream.next_out = writer->output;
      writer->stream.avail_out = OUTPUT_BYTES;
      int status = isal_deflate (&writer->stream);
      if (status != COMP_OK)
        {
          bk_set_error (error, BK_ERROR_FAILED,
                        "The package in “%s” cannot be compressed: ISA-L ends with %d; run the "
                        "backup again",
                        writer->where, status);
          return FALSE;
        }
      if (!write_output (writer, OUTPUT_BYTES - writer->stream.avail_out, error))
        return FALSE;
    }
  while (writer->stream.avail_out == 0);
  return TRUE;
}

/**
 * bk_gzip_writer_write:
 * @length_bytes: below 4 GiB
 */
gboolean
bk_gzip_writer_write (BkGzipWriter *writer, const void *data, gsize length_bytes, GError **error)
{
  writer->stream.next_in = (guint8 *) data;
  writer->stream.avail_in = (guint32) length_bytes;
  return length_bytes == 0 || deflate (writer, error);
}

/**
 * bk_gzip_writer_close:
 * @size_bytes: (out): of what was written
 * @sha256_hex: (out): of what was written
 *
 * Writes the end of the gzip member. Making it durable is the caller's.
 */
gboolean
bk_gzip_writer_close (BkGzipWriter *writer,
                      guint64 *size_bytes,
                      char sha256_hex[BK_SHA256_HEX_LENGTH + 1],
                      GError **error)
{
  writer->stream.next_in = NULL;
  writer->stream.avail_in = 0;
  writer->stream.end_of_stream = 1;
  if (!deflate (writer, error))
    return FALSE;
  *size_bytes = writer->size_bytes;
  bk_sha256_finish_hex_into (writer->sha256, sha256_hex);
  return TRUE;
}
