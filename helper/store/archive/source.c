#include "store/archive/source.h"

#include "base/buffer.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "base/quantity.h"

#include <errno.h>
#include <isa-l/igzip_lib.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#define INPUT_BYTES (128 * 1024)
#define OUTPUT_BYTES (128 * 1024)

/* A gzip member of ours has a few MiB; one that goes on for longer is not ours. */
#define MEMBER_MAX_BYTES BK_SEEK_TABLE_PLAIN_MAX_BYTES

/* No frame of ours needs a larger window; BK_SEEK_TABLE_PLAIN_MAX_BYTES is 2^26. */
#define WINDOW_LOG_MAX 26

struct _BkArchiveSource
{
  int fd;
  char *name;
  guint64 bytes_read;
  guint64 offset_bytes; /* of the next read */
  BkBuffer *input;
  BkBuffer *output;
  GByteArray *packed; /* a whole frame */
  GByteArray *plain;

  BkSeekTable *table; /* NULL: gzip */
  gboolean is_glimpse;
  ZSTD_DCtx *zstd;
  ZSTD_inBuffer pending; /* read, not yet unpacked */
  guint frame;           /* that is being unpacked */
  guint64 plain_bytes;   /* of that frame so far */
  gboolean frame_is_over;

  struct inflate_state *gzip;
  gboolean is_at_end;
};

static gssize
broken (BkArchiveSource *source, GError **error, const char *why)
{
  bk_set_error (error, BK_ERROR_INTEGRITY, "The archive “%s” is broken near byte %s: %s",
                source->name, BK_DIGITS (source->offset_bytes), why);
  return -1;
}

static gssize
read_input (BkArchiveSource *source, guint8 *input, gsize length_bytes, GError **error)
{
  ssize_t n;

  do
    n = pread (source->fd, input, length_bytes, (off_t) source->offset_bytes);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    {
      bk_error_set_errno (error, errno, "Reading the archive “%s” failed", source->name);
      return -1;
    }
  source->offset_bytes += (guint64) n;
  source->bytes_read += (guint64) n;
  return n;
}

static gboolean
open_zstd (BkArchiveSource *source, GError **error)
{
  g_autoptr (GError) reason = NULL;

  source->table = bk_seek_table_new_from_fd (source->fd, source->name, &reason);
  if (source->table == NULL && reason->code == BK_ERROR_NOT_FOUND)
    {
      bk_set_error (error, BK_ERROR_INTEGRITY,
                    "The archive “%s” has no seek table at its end: it was cut off, or was not "
                    "written by this program (“tar --zstd -xf” may still unpack a part of it)",
                    source->name);
      return FALSE;
    }
  if (source->table == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
  source->bytes_read += (guint64) source->table->frames_count * 8;
  source->zstd = ZSTD_createDCtx ();
  g_assert (source->zstd != NULL);
  ZSTD_DCtx_setParameter (source->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
  return TRUE;
}

static void
start_gzip (BkArchiveSource *source)
{
  isal_inflate_init (source->gzip);
  source->gzip->crc_flag = ISAL_GZIP;
}

/**
 * bk_archive_source_new:
 * @fd: (transfer full): the file; closed with the source, also when this fails
 * @name: what to call it in an error
 *
 * Errors: %BK_ERROR_INTEGRITY for what is neither zstd with a seek table nor gzip.
 *
 * Returns: (transfer full) (nullable): the source, at the beginning of the tar.
 */
BkArchiveSource *
bk_archive_source_new (int fd, const char *name, GError **error)
{
  static const guint8 zstd_magic[] = { 0x28, 0xb5, 0x2f, 0xfd }, gzip_magic[] = { 0x1f, 0x8b };
  g_autoptr (BkArchiveSource) self = g_new0 (BkArchiveSource, 1);

  self->fd = fd;
  self->name = g_strdup (name);
  self->input = bk_buffer_new (INPUT_BYTES);
  self->output = bk_buffer_new (OUTPUT_BYTES);
  self->packed = g_byte_array_new ();
  self->plain = g_byte_array_new ();

  gssize n = read_input (self, self->input, sizeof zstd_magic, error);
  if (n < 0)
    return NULL;
  if (n == sizeof zstd_magic && memcmp (self->input, zstd_magic, sizeof zstd_magic) == 0)
    {
      if (!open_zstd (self, error))
        return NULL;
    }
  else if (n >= (gssize) sizeof gzip_magic &&
           memcmp (self->input, gzip_magic, sizeof gzip_magic) == 0)
    self->gzip = g_new0 (struct inflate_state, 1);
  else
    {
      bk_set_error (error, BK_ERROR_INTEGRITY,
                    "“%s” is no archive: it begins neither as zstd nor as gzip", name);
      return NULL;
    }
  bk_archive_source_rewind (self, 0, FALSE);
  return g_steal_pointer (&self);
}

void
bk_archive_source_free (BkArchiveSource *source)
{
  bk_fd_clear (&source->fd);
  g_clear_pointer (&source->table, bk_seek_table_free);
  ZSTD_freeDCtx (source->zstd);
  g_free (source->gzip);
  g_clear_pointer (&source->input, bk_buffer_free);
  g_clear_pointer (&source->output, bk_buffer_free);
  g_clear_pointer (&source->packed, g_byte_array_unref);
  g_clear_pointer (&source->plain, g_byte_array_unref);
  g_free (source->name);
  g_free (source);
}

/**
 * bk_archive_source_get_table:
 *
 * Returns: (transfer none) (nullable): %NULL for gzip, which can only be read from its beginning.
 */
const BkSeekTable *
bk_archive_source_get_table (BkArchiveSource *source)
{
  return source->table;
}

/**
 * bk_archive_source_get_bytes_read:
 *
 * Returns: how much of the file was read so far, the seek table included.
 */
guint64
bk_archive_source_get_bytes_read (BkArchiveSource *source)
{
  return source->bytes_read;
}

static void
start_frame (BkArchiveSource *source, guint frame)
{
  source->frame = frame;
  source->plain_bytes = 0;
  source->frame_is_over = FALSE;
  source->pending = (ZSTD_inBuffer){ source->input, 0, 0 };
  source->offset_bytes = source->table->points[frame].offset_bytes;
  ZSTD_DCtx_reset (source->zstd, ZSTD_reset_session_only);
}

/**
 * bk_archive_source_rewind:
 * @frame: of the table, where to go on; 0 for gzip
 * @is_glimpse: only a look at how the frame begins: what is read is not held against its checksum
 */
void
bk_archive_source_rewind (BkArchiveSource *source, guint frame, gboolean is_glimpse)
{
  source->is_at_end = FALSE;
  source->is_glimpse = is_glimpse;
  if (source->table != NULL)
    {
      start_frame (source, frame);
      return;
    }
  source->offset_bytes = 0;
  start_gzip (source);
  source->gzip->avail_in = 0;
}

/* Unpacks some more of the frame into the output, or notes that it is over. */
static gssize
glimpse_frame (BkArchiveSource *source, GError **error)
{
  const BkSeekPoint *point = &source->table->points[source->frame];
  guint64 plain_max_bytes = point[1].plain_offset_bytes - point[0].plain_offset_bytes;
  ZSTD_outBuffer output = { source->output, OUTPUT_BYTES, 0 };

  while (output.pos == 0 && !source->frame_is_over)
    {
      if (source->pending.pos == source->pending.size)
        {
          guint64 left_bytes = point[1].offset_bytes - source->offset_bytes;
          gssize n =
              read_input (source, source->input, (gsize) MIN (left_bytes, INPUT_BYTES), error);

          if (n < 0)
            return -1;
          if (n == 0)
            return broken (source, error, _ ("a frame goes on beyond the length its table gives"));
          source->pending = (ZSTD_inBuffer){ source->input, (gsize) n, 0 };
        }

      gsize hint = ZSTD_decompressStream (source->zstd, &output, &source->pending);
      if (ZSTD_isError (hint))
        return broken (source, error, ZSTD_getErrorName (hint));
      source->frame_is_over = hint == 0;
      source->plain_bytes += output.pos;
      if (source->plain_bytes > plain_max_bytes)
        return broken (source, error, _ ("a frame unpacks to more than its table says"));
    }
  return (gssize) output.pos;
}

static gboolean
read_packed (BkArchiveSource *source, guint64 packed_bytes, GError **error)
{
  gsize at = 0;

  g_byte_array_set_size (source->packed, (guint) packed_bytes);
  while (at < packed_bytes)
    {
      gssize n = read_input (source, source->packed->data + at, (gsize) packed_bytes - at, error);

      if (n <= 0)
        return n == 0 ? (broken (source, error, _ ("it was cut off")), FALSE) : FALSE;
      at += (gsize) n;
    }
  return TRUE;
}

/* A whole frame, proved by its own checksum before anything of it is handed out. */
static gssize
unpack_frame (BkArchiveSource *source, GError **error)
{
  const BkSeekPoint *point = &source->table->points[source->frame];
  gsize plain_bytes = (gsize) (point[1].plain_offset_bytes - point[0].plain_offset_bytes);
  guint64 packed_bytes = point[1].offset_bytes - point[0].offset_bytes;

  if (packed_bytes > ZSTD_compressBound (plain_bytes) + INPUT_BYTES)
    return broken (source, error, _ ("a frame is longer than what is in it can be"));
  if (!read_packed (source, packed_bytes, error))
    return -1;

  g_byte_array_set_size (source->plain, (guint) plain_bytes);
  gsize n = ZSTD_decompressDCtx (source->zstd, source->plain->data, plain_bytes,
                                 source->packed->data, (gsize) packed_bytes);
  if (ZSTD_getErrorCode (n) == ZSTD_error_dstSize_tooSmall)
    return broken (source, error, _ ("a frame unpacks to more than its table says"));
  if (ZSTD_isError (n))
    return broken (source, error, ZSTD_getErrorName (n));
  if (n != plain_bytes)
    return broken (source, error, _ ("a frame is shorter than its table says"));
  source->frame_is_over = TRUE;
  return (gssize) n;
}

static gssize
read_zstd (BkArchiveSource *source, const void **data, GError **error)
{
  gssize n = 0;

  while (n == 0 && source->table->frames_count > 0)
    {
      if (source->frame_is_over)
        {
          if (source->frame + 1 == source->table->frames_count)
            return 0;
          start_frame (source, source->frame + 1);
        }
      n = source->is_glimpse ? glimpse_frame (source, error) : unpack_frame (source, error);
    }
  *data = source->is_glimpse ? source->output : source->plain->data;
  return n;
}

/* All that the input gives: the codec may still hold output when it has taken the last of it. */
static gboolean
unpack_gzip (BkArchiveSource *source, GError **error)
{
  struct inflate_state *gzip = source->gzip;

  do
    {
      gzip->next_out = source->output;
      gzip->avail_out = OUTPUT_BYTES;
      if (isal_inflate (gzip) != ISAL_DECOMP_OK)
        return broken (source, error, _ ("it does not unpack as gzip")), FALSE;
      if (source->plain->len > MEMBER_MAX_BYTES)
        return broken (source, error, _ ("a gzip member is larger than this program writes them")),
               FALSE;
      g_byte_array_append (source->plain, source->output, OUTPUT_BYTES - gzip->avail_out);
    }
  while (gzip->avail_out == 0 && gzip->block_state != ISAL_BLOCK_FINISH);
  return TRUE;
}

/* Members of gzip one after the other are one file (RFC 1952, 2.2). Each is proved by its own
 * checksum before anything of it is handed out. */
static gssize
read_gzip (BkArchiveSource *source, const void **data, GError **error)
{
  struct inflate_state *gzip = source->gzip;

  g_byte_array_set_size (source->plain, 0);
  while (!source->is_at_end)
    {
      if (gzip->block_state == ISAL_BLOCK_FINISH && source->plain->len > 0)
        break;
      if (gzip->avail_in == 0)
        {
          gssize n = read_input (source, source->input, INPUT_BYTES, error);

          if (n < 0)
            return -1;
          if (n == 0 && gzip->block_state != ISAL_BLOCK_FINISH)
            return broken (source, error, _ ("it was cut off"));
          source->is_at_end = n == 0 && gzip->block_state == ISAL_BLOCK_FINISH;
          gzip->next_in = source->input;
          gzip->avail_in = (guint32) n;
          if (source->is_at_end)
            break;
        }
      if (gzip->block_state == ISAL_BLOCK_FINISH)
        {
          isal_inflate_reset (gzip);
          gzip->crc_flag = ISAL_GZIP;
        }
      if (!unpack_gzip (source, error))
        return -1;
    }
  *data = source->plain->data;
  return (gssize) source->plain->len;
}

/**
 * bk_archive_source_read:
 * @data: (out) (transfer none): the next piece, valid until the next call
 *
 * Errors: of reading; %BK_ERROR_INTEGRITY when the file is broken.
 *
 * Returns: its length; 0 at the end; -1 on error.
 */
gssize
bk_archive_source_read (BkArchiveSource *source, const void **data, GError **error)
{
  *data = NULL;
  return source->table != NULL ? read_zstd (source, data, error) : read_gzip (source, data, error);
}
