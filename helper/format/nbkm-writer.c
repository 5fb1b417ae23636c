#include "format/nbkm.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/gettext.h"
#include "base/path.h"
#include "base/write.h"
#include "format/zstd-source.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

/*
 * The header is the first thing in the file and under the checksum, and it holds how many entries
 * follow: known only when the last one has been written. So the file is three zstd frames. The
 * first holds the header in one raw block, whose length does not depend on its content, and is
 * written over at the end; the second holds the entries; the third the footer.
 *
 * The checksum is taken along the way with the count the caller expects (most runs find as many
 * entries as the one before). If it comes out different, the entries are read back once.
 */

/* Level 1: for entries as real trees have them, higher levels take longer and save nothing. */
#define LEVEL 1

#define RAW_BYTES (256 * 1024)
#define FRAME_OVERHEAD_BYTES 9
#define HEADER_FRAME_BYTES (BK_NBKM_HEADER_BYTES + FRAME_OVERHEAD_BYTES)

#define ENTRY_FIXED_BYTES (2 + 8 + 8 + 4 + 1)

static const guint8 magic[4] = { 'N', 'B', 'K', 'M' };

struct _BkNbkmWriter
{
  int fd;
  gint64 timestamp_nsec;
  guint8 sequence;
  guint64 expected_count;
  guint64 count;
  guint64 file_bytes;
  ZSTD_CCtx *context;
  BkSha256 *sha256;
  char *last_path;
  gsize last_length;
  gsize raw_length;
  gsize output_size;
  guint8 *output;
  guint8 raw[RAW_BYTES];
};

static inline guint8 *
put_u16 (guint8 *at, guint16 value)
{
  value = GUINT16_TO_LE (value);
  memcpy (at, &value, sizeof value);
  return at + sizeof value;
}

static inline guint8 *
put_u32 (guint8 *at, guint32 value)
{
  value = GUINT32_TO_LE (value);
  memcpy (at, &value, sizeof value);
  return at + sizeof value;
}

static inline guint8 *
put_u64 (guint8 *at, guint64 value)
{
  value = GUINT64_TO_LE (value);
  memcpy (at, &value, sizeof value);
  return at + sizeof value;
}

static gboolean
write_at (int fd, const guint8 *data, gsize length_bytes, guint64 offset_bytes, GError **error)
{
  if (bk_write_all_at (fd, data, length_bytes, offset_bytes))
    return TRUE;

  int errnum = errno;
  g_autofree char *path = bk_fd_dup_path (fd);
  return bk_error_set_errno (error, errnum, "The manifest “%s” cannot be written", path);
}

/* RFC 8878, 3.1.1: magic, descriptor (single segment, content size in one byte), that size, and
 * one block (last, raw, its size). */
static gsize
make_raw_frame (guint8 *frame, const guint8 *data, guint8 length_bytes)
{
  guint32 block_header = 1u | ((guint32) length_bytes << 3);
  guint8 *at = put_u32 (frame, ZSTD_MAGICNUMBER);

  *at++ = 0x20;
  *at++ = length_bytes;
  *at++ = block_header & 0xff;
  *at++ = (block_header >> 8) & 0xff;
  *at++ = (block_header >> 16) & 0xff;
  memcpy (at, data, length_bytes);
  return length_bytes + FRAME_OVERHEAD_BYTES;
}

static void
make_header (const BkNbkmWriter *writer, guint64 count, guint8 header[BK_NBKM_HEADER_BYTES])
{
  guint8 *at = header;

  memset (header, 0, BK_NBKM_HEADER_BYTES);
  memcpy (at, magic, sizeof magic);
  at = put_u16 (at + sizeof magic, BK_NBKM_VERSION);
  at = put_u16 (at, BK_NBKM_FLAG_CUMULATIVE);
  at = put_u64 (at, count);
  at = put_u64 (at, (guint64) writer->timestamp_nsec);
  *at = writer->sequence;
}

static gboolean
write_header (BkNbkmWriter *writer, guint64 count, GError **error)
{
  guint8 header[BK_NBKM_HEADER_BYTES];
  guint8 frame[HEADER_FRAME_BYTES];

  make_header (writer, count, header);
  make_raw_frame (frame, header, sizeof header);
  return write_at (writer->fd, frame, sizeof frame, 0, error);
}

static void
start_checksum (BkNbkmWriter *writer, guint64 count)
{
  guint8 header[BK_NBKM_HEADER_BYTES];

  make_header (writer, count, header);
  bk_sha256_reset (writer->sha256);
  bk_sha256_update (writer->sha256, header, sizeof header);
}

/**
 * bk_nbkm_writer_new:
 * @fd: borrowed: an empty file, open for reading and writing
 * @timestamp_nsec: when the scan began
 * @sequence: 0 for a full, N for the Nth incremental
 * @expected_count: how many entries there will probably be, 0 if nobody knows; a wrong guess costs
 *   one pass over the written entries
 *
 * Memory does not depend on the number of entries.
 *
 * Errors: of writing.
 *
 * Returns: (transfer full) (nullable)
 */
BkNbkmWriter *
bk_nbkm_writer_new (
    int fd, gint64 timestamp_nsec, guint8 sequence, guint64 expected_count, GError **error)
{
  g_autoptr (BkNbkmWriter) self = g_new0 (BkNbkmWriter, 1);

  self->fd = fd;
  self->timestamp_nsec = timestamp_nsec;
  self->sequence = sequence;
  self->expected_count = expected_count;
  self->sha256 = bk_sha256_new ();
  self->context = ZSTD_createCCtx ();
  g_assert (self->context != NULL);
  ZSTD_CCtx_setParameter (self->context, ZSTD_c_compressionLevel, LEVEL);
  ZSTD_CCtx_setParameter (self->context, ZSTD_c_checksumFlag, 0);
  self->output_size = ZSTD_CStreamOutSize ();
  self->output = g_malloc (self->output_size);
  self->last_path = g_malloc0 (BK_TREE_PATH_MAX_BYTES + 1);
  start_checksum (self, expected_count);
  if (!write_header (self, 0, error))
    return NULL;
  self->file_bytes = HEADER_FRAME_BYTES;
  return g_steal_pointer (&self);
}

static gboolean
flush_raw (BkNbkmWriter *writer, ZSTD_EndDirective directive, GError **error)
{
  ZSTD_inBuffer input = { .src = writer->raw, .size = writer->raw_length };
  gsize left;

  bk_sha256_update (writer->sha256, writer->raw, writer->raw_length);
  do
    {
      ZSTD_outBuffer output = { .dst = writer->output, .size = writer->output_size };

      left = ZSTD_compressStream2 (writer->context, &output, &input, directive);
      if (ZSTD_isError (left))
        {
          bk_set_error (error, BK_ERROR_FAILED, "The manifest cannot be compressed: %s",
                        ZSTD_getErrorName (left));
          return FALSE;
        }
      if (!write_at (writer->fd, writer->output, output.pos, writer->file_bytes, error))
        return FALSE;
      writer->file_bytes += output.pos;
    }
  while (input.pos < input.size || (directive == ZSTD_e_end && left != 0));
  writer->raw_length = 0;
  return TRUE;
}

/**
 * bk_nbkm_writer_add:
 * @entry: copied; its path sorts after that of the one before
 *
 * Errors: of writing; %BK_ERROR_FAILED for an entry that a manifest cannot hold.
 */
gboolean
bk_nbkm_writer_add (BkNbkmWriter *writer, const BkTreeEntry *entry, GError **error)
{
  if (entry->path_length == 0 || entry->origin > writer->sequence ||
      bk_tree_path_compare (writer->last_path, entry->path) >= 0)
    {
      g_autofree char *line = bk_error_one_line (entry->path);

      bk_set_error (error, BK_ERROR_FAILED,
                    "“%s” cannot be added to the manifest: it is out of order", line);
      return FALSE;
    }
  if (writer->raw_length + ENTRY_FIXED_BYTES + entry->path_length > RAW_BYTES &&
      !flush_raw (writer, ZSTD_e_continue, error))
    return FALSE;

  guint8 *at = put_u16 (writer->raw + writer->raw_length, entry->path_length);

  memcpy (at, entry->path, entry->path_length);
  at = put_u64 (at + entry->path_length, (guint64) entry->mtime_nsec);
  at = put_u64 (at, (guint64) entry->size_bytes);
  at = put_u32 (at, entry->mode);
  *at++ = entry->origin;
  writer->raw_length = (gsize) (at - writer->raw);

  memcpy (writer->last_path, entry->path, (gsize) entry->path_length + 1);
  writer->count++;
  return TRUE;
}

static gboolean
checksum_again (BkNbkmWriter *writer, GError **error)
{
  g_autoptr (BkZstdSource) source =
      bk_zstd_source_new (writer->fd, HEADER_FRAME_BYTES, writer->file_bytes, _ ("the manifest"));
  gsize n;

  start_checksum (writer, writer->count);
  do
    {
      if (!bk_zstd_source_read (source, writer->raw, RAW_BYTES, &n, error))
        return FALSE;
      bk_sha256_update (writer->sha256, writer->raw, n);
    }
  while (n == RAW_BYTES);
  return TRUE;
}

/**
 * bk_nbkm_writer_finish:
 * @entry_count: (out) (optional)
 *
 * Completes the file. Making it durable is the caller's.
 *
 * Errors: of writing, and of reading back.
 */
gboolean
bk_nbkm_writer_finish (BkNbkmWriter *writer, guint64 *entry_count, GError **error)
{
  guint8 footer[BK_NBKM_FOOTER_BYTES];
  guint8 frame[BK_NBKM_FOOTER_BYTES + FRAME_OVERHEAD_BYTES];

  if (!flush_raw (writer, ZSTD_e_end, error))
    return FALSE;
  if (writer->count != writer->expected_count && !checksum_again (writer, error))
    return FALSE;
  bk_sha256_finish (writer->sha256, footer);
  memcpy (footer + BK_SHA256_BYTES, magic, sizeof magic);
  make_raw_frame (frame, footer, sizeof footer);
  if (!write_at (writer->fd, frame, sizeof frame, writer->file_bytes, error) ||
      !write_header (writer, writer->count, error))
    return FALSE;
  writer->file_bytes += sizeof frame;
  if (entry_count != NULL)
    *entry_count = writer->count;
  return TRUE;
}

void
bk_nbkm_writer_free (BkNbkmWriter *writer)
{
  g_clear_pointer (&writer->sha256, bk_sha256_free);
  ZSTD_freeCCtx (writer->context);
  g_free (writer->output);
  g_free (writer->last_path);
  g_free (writer);
}
