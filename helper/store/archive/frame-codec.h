#pragma once

#include "store/tree/archive.h"

#include <glib.h>

/* One piece of bytes → one frame that can be unpacked by itself: a zstd frame with its size and a
 * checksum, or a gzip member. Frames of a kind, one after the other, are a file of that kind.
 * Used by one thread at a time. */
typedef struct _BkFrameCodec BkFrameCodec;

BkFrameCodec *bk_frame_codec_new (BkTreeCompression compression, int level);
void bk_frame_codec_compress (BkFrameCodec *codec,
                              const void *plain,
                              gsize length_bytes,
                              GByteArray *frame);
void bk_frame_codec_free (BkFrameCodec *codec);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkFrameCodec, bk_frame_codec_free)
