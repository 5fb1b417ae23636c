#include "cockpit/frames.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* The first byte says in which pieces the rest comes. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (BkFrameReader) reader = bk_frame_reader_new (BK_FRAME_MAX_BYTES);
  size_t piece_bytes = size > 0 ? 1 + data[0] % 64 : 1;
  BkFrameStatus status = BK_FRAME_NONE;

  for (size_t at = 1; at < size && status != BK_FRAME_BROKEN; at += piece_bytes)
    {
      bk_frame_reader_push (reader, data + at, MIN (piece_bytes, size - at));
      do
        {
          g_auto (BkFrame) frame = { 0 };
          g_autoptr (GError) error = NULL;

          status = bk_frame_reader_next (reader, &frame, &error);
          if (status == BK_FRAME_WHOLE)
            {
              gsize length_bytes;
              const void *payload = g_bytes_get_data (frame.payload, &length_bytes);
              g_autoptr (GBytes) again = bk_frame_encode (frame.channel, payload, length_bytes);

              g_assert_cmpuint (g_bytes_get_size (again), <=, size);
            }
          g_assert_cmpint (status == BK_FRAME_BROKEN, ==, error != NULL);
        }
      while (status == BK_FRAME_WHOLE);
    }
  return 0;
}
