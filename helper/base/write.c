/* Writing all of something: what the kernel takes only in part is offered again. */
#include "base/write.h"

#include <errno.h>
#include <unistd.h>

/* Whether to go on after @n. A write that takes nothing would be offered for ever. */
static gboolean
goes_on (gssize n)
{
  if (n == 0)
    errno = EIO;
  return n > 0 || (n < 0 && errno == EINTR);
}

/**
 * bk_write_all:
 * @fd: where it is written from its position on
 *
 * Returns: %FALSE, with errno, if not all of it could be written; the beginning may be.
 */
gboolean
bk_write_all (int fd, const void *data, gsize length_bytes)
{
  const guint8 *at = data;

  while (length_bytes > 0)
    {
      ssize_t n = write (fd, at, length_bytes);

      if (!goes_on (n))
        return FALSE;
      at += MAX (n, 0);
      length_bytes -= (gsize) MAX (n, 0);
    }
  return TRUE;
}

/**
 * bk_write_all_at:
 * @offset_bytes: where in the file; its position stays
 *
 * Returns: as bk_write_all().
 */
gboolean
bk_write_all_at (int fd, const void *data, gsize length_bytes, guint64 offset_bytes)
{
  const guint8 *at = data;

  while (length_bytes > 0)
    {
      ssize_t n = pwrite (fd, at, length_bytes, (off_t) offset_bytes);

      if (!goes_on (n))
        return FALSE;
      at += MAX (n, 0);
      length_bytes -= (gsize) MAX (n, 0);
      offset_bytes += (guint64) MAX (n, 0);
    }
  return TRUE;
}
