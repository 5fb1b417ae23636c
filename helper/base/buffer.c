#include "base/buffer.h"

#define ALIGNMENT_BYTES 4096

/**
 * bk_buffer_new:
 *
 * What malloc() returns for a large block lies 16 bytes after a page's begin, and the kernel copies
 * a file's pages to such an address four to six times more slowly: measured with 2 GiB in the page
 * cache, 0.85 s instead of 0.18 s, which is half of what hashing them takes.
 *
 * Returns: (transfer full): @length_bytes of memory that begin with a page; free them with
 *   bk_buffer_free()
 */
BkBuffer *
bk_buffer_new (gsize length_bytes)
{
  return g_aligned_alloc (1, length_bytes, ALIGNMENT_BYTES);
}

void
bk_buffer_free (BkBuffer *buffer)
{
  g_aligned_free (buffer);
}
