#include "store/gzip.h"

#include "base/gettext.h"

#include <isa-l/igzip_lib.h>

#define LEVEL 1
#define LEVEL_BUFFER_BYTES ISAL_DEF_LVL1_DEFAULT

struct _BkGzipCompressor
{
  GObject parent;

  struct isal_zstream *stream; /* larger than an instance can be */
  guint8 *level_buffer;
};

static void bk_gzip_compressor_iface_init (GConverterIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BkGzipCompressor,
                               bk_gzip_compressor,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_CONVERTER,
                                                      bk_gzip_compressor_iface_init))

static void
gzip_reset (GConverter *converter)
{
  BkGzipCompressor *self = BK_GZIP_COMPRESSOR (converter);

  isal_deflate_init (self->stream);
  self->stream->level = LEVEL;
  self->stream->level_buf = self->level_buffer;
  self->stream->level_buf_size = LEVEL_BUFFER_BYTES;
  self->stream->gzip_flag = IGZIP_GZIP;
}

static GConverterResult
gzip_convert (GConverter *converter,
              const void *in,
              gsize in_bytes,
              void *out,
              gsize out_bytes,
              GConverterFlags flags,
              gsize *read_bytes,
              gsize *written_bytes,
              GError **error)
{
  struct isal_zstream *stream = BK_GZIP_COMPRESSOR (converter)->stream;
  guint32 in_step = (guint32) MIN (in_bytes, G_MAXINT32);
  guint32 out_step = (guint32) MIN (out_bytes, G_MAXINT32);

  stream->next_in = (guint8 *) in;
  stream->avail_in = in_step;
  stream->next_out = out;
  stream->avail_out = out_step;
  stream->end_of_stream = (flags & G_CONVERTER_INPUT_AT_END) != 0 && in_step == in_bytes;
  stream->flush = (flags & G_CONVERTER_FLUSH) != 0 ? SYNC_FLUSH : NO_FLUSH;
  if (isal_deflate (stream) != COMP_OK)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s", _ ("Compressing failed"));
      return G_CONVERTER_ERROR;
    }

  *read_bytes = in_step - stream->avail_in;
  *written_bytes = out_step - stream->avail_out;
  if (stream->internal_state.state == ZSTATE_END)
    return G_CONVERTER_FINISHED;
  if ((flags & G_CONVERTER_FLUSH) != 0 && stream->avail_in == 0 && stream->avail_out > 0)
    return G_CONVERTER_FLUSHED;
  if (*read_bytes > 0 || *written_bytes > 0)
    return G_CONVERTER_CONVERTED;
  if (out_bytes == 0 || stream->avail_out == 0)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "%s",
                 _ ("There is no room for what comes out"));
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT, "%s",
                 _ ("There is too little to go on"));
  return G_CONVERTER_ERROR;
}

static void
bk_gzip_compressor_iface_init (GConverterIface *iface)
{
  iface->convert = gzip_convert;
  iface->reset = gzip_reset;
}

static void
bk_gzip_compressor_finalize (GObject *object)
{
  BkGzipCompressor *self = BK_GZIP_COMPRESSOR (object);

  g_free (self->stream);
  g_free (self->level_buffer);
  G_OBJECT_CLASS (bk_gzip_compressor_parent_class)->finalize (object);
}

static void
bk_gzip_compressor_class_init (BkGzipCompressorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bk_gzip_compressor_finalize;
}

static void
bk_gzip_compressor_init (BkGzipCompressor *self)
{
  self->stream = g_new0 (struct isal_zstream, 1);
  self->level_buffer = g_malloc (LEVEL_BUFFER_BYTES);
  gzip_reset (G_CONVERTER (self));
}

/**
 * bk_gzip_compressor_new:
 *
 * Returns: (transfer full): what turns bytes into one gzip member. Its header has no time and no
 *   name: the same bytes give the same file.
 */
GConverter *
bk_gzip_compressor_new (void)
{
  return g_object_new (BK_TYPE_GZIP_COMPRESSOR, NULL);
}
