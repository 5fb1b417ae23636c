#include "base/fd.h"
#include "store/event-log/package.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static gboolean
write_all (int fd, const uint8_t *data, size_t size)
{
  return write (fd, data, size) == (ssize_t) size;
}

/* The input is a tar, which is packed here: gzip's checks would stop a fuzzer at once; then the same
 * bytes as they are, for gzip's own sake. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  autofd int raw = memfd_create ("raw", MFD_CLOEXEC);
  autofd int packed = memfd_create ("packed", MFD_CLOEXEC);
  static const uint8_t header[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3 };
  gsize at = 0;

  if (!write_all (raw, data, size) || !write_all (packed, header, sizeof header))
    return 0;
  /* stored blocks of deflate */
  while (at < size)
    {
      guint16 length = (guint16) MIN (size - at, 65535);
      const uint8_t block[] = { at + length == size, (uint8_t) length, (uint8_t) (length >> 8),
                                (uint8_t) ~length, (uint8_t) (~length >> 8) };

      if (!write_all (packed, block, sizeof block) || !write_all (packed, data + at, length))
        return 0;
      at += length;
    }

  g_autoptr (BkEventManifest) from_raw = bk_event_package_check (raw, NULL, NULL, NULL);
  g_autoptr (BkEventManifest) from_packed = bk_event_package_check (packed, NULL, NULL, NULL);
  return 0;
}
