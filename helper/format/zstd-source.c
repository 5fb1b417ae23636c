#include "format/zstd-source.h"

#include "base/error.h"

#include <errno.h>
#include <unistd.h>
#include <zstd.h>

/* The window a frame may ask for: 32 MiB is what the strongest usual encoders take. More would let
 * a hostile file choose how much memory we use. */
#define WINDOW_LOG_MAX 25

#define INPUT_BYTES (64 * 1024)

struct _BkZstdSource
{
  ZSTD_DCtx *context;
  char *name;
  int fd;
  guint64 offset_bytes;
  guint64 end_bytes;
  gboolean inside_frame;
  ZSTD_inBuffer input;
  guint8 buffer[INPUT_BYTES];
};

/**
 * bk_zstd_source_new:
 * @fd: borrowed; read by offset, its own position does not move
 * @start_bytes: where the first frame begins
 * @end_bytes: where the last one ends, or %G_MAXUINT64 for the end of the file
 * @name: what to call the file in an error
 */
BkZstdSource *
bk_zstd_source_new (int fd, guint64 start_bytes, guint64 end_bytes, const char *name)
{
  BkZstdSource *self = g_new0 (BkZstdSource, 1);

  self->context = ZSTD_createDCtx ();
  g_assert (self->context != NULL);
  ZSTD_DCtx_setParameter (self->context, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
  self->name = g_strdup (name);
  self->fd = fd;
  self->offset_bytes = start_bytes;
  self->end_bytes = end_bytes;
  self->input.src = self->buffer;
  return self;
}

static gboolean
fill (BkZstdSource *source, GError **error)
{
  gsize wanted = MIN (INPUT_BYTES, source->end_bytes - source->offset_bytes);
  ssize_t n;

  do
    n = pread (source->fd, source->buffer, wanted, (off_t) source->offset_bytes);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    return bk_error_set_errno (error, errno, "Reading “%s” failed", source->name);
  source->offset_bytes += (guint64) n;
  source->input.size = (gsize) n;
  source->input.pos = 0;
  return TRUE;
}

/**
 * bk_zstd_source_read:
 * @read_bytes: (out): @length_bytes, or less at the end of the last frame
 *
 * Errors: of reading; %BK_ERROR_INTEGRITY for what is not zstd, is damaged, or ends within a frame.
 */
gboolean
bk_zstd_source_read (
    BkZstdSource *source, void *data, gsize length_bytes, gsize *read_bytes, GError **error)
{
  ZSTD_outBuffer output = { .dst = data, .size = length_bytes };

  while (output.pos < output.size)
    {
      if (source->input.pos == source->input.size)
        {
          if (!fill (source, error))
            return FALSE;
          if (source->input.size == 0)
            break;
        }

      gsize left = ZSTD_decompressStream (source->context, &output, &source->input);
      if (ZSTD_isError (left))
        {
          bk_set_error (error, BK_ERROR_INTEGRITY, "“%s” is damaged, or no zstd stream: %s",
                        source->name, ZSTD_getErrorName (left));
          return FALSE;
        }
      source->inside_frame = left != 0;
    }
  /* What the decoder still holds back comes out without more input. */
  while (output.pos < output.size && source->inside_frame)
    {
      gsize before = output.pos;
      gsize left = ZSTD_decompressStream (source->context, &output, &source->input);

      if (ZSTD_isError (left) || output.pos == before)
        {
          bk_set_error (error, BK_ERROR_INTEGRITY, "“%s” is truncated: it ends within a zstd frame",
                        source->name);
          return FALSE;
        }
      source->inside_frame = left != 0;
    }
  *read_bytes = output.pos;
  return TRUE;
}

void
bk_zstd_source_free (BkZstdSource *source)
{
  ZSTD_freeDCtx (source->context);
  g_free (source->name);
  g_free (source);
}
