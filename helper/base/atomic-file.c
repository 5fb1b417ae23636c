#include "base/atomic-file.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/quantity.h"
#include "base/write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static gboolean
write_and_rename (int dirfd,
                  const char *name,
                  const void *data,
                  gsize length_bytes,
                  guint mode,
                  gboolean durable,
                  GError **error)
{
  g_autofree char *temporary =
      g_strdup_printf (BK_TEMPORARY_PREFIX "%s-%08x", name, g_random_int ());
  autofd int fd =
      openat (dirfd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);

  if (fd < 0)
    return bk_error_set_errno (error, errno, "“%s” cannot be written", name);
  if (fchmod (fd, mode) < 0 || !bk_write_all (fd, data, length_bytes) ||
      (durable && fsync (fd) < 0) || renameat (dirfd, temporary, dirfd, name) < 0)
    {
      int errnum = errno;

      unlinkat (dirfd, temporary, 0);
      return bk_error_set_errno (error, errnum, "“%s” cannot be written", name);
    }
  return !durable || bk_sync_directory (dirfd, name, error);
}

/**
 * bk_atomic_write:
 * @dirfd: where
 * @name: one entry of it
 * @mode: permissions of the file, whatever the umask is
 *
 * Writes under a temporary name, fsync, rename, fsync of the directory: at every instant, also
 * after a power cut, @name holds either the old bytes or the new ones, whole. After %TRUE it is
 * the new ones for good.
 */
gboolean
bk_atomic_write (
    int dirfd, const char *name, const void *data, gsize length_bytes, guint mode, GError **error)
{
  return write_and_rename (dirfd, name, data, length_bytes, mode, TRUE, error);
}

/**
 * bk_atomic_write_volatile:
 *
 * As bk_atomic_write(), for files that need not outlive the machine's run (below /run): readers
 * see the old or the new bytes, but nothing waits for a disk.
 */
gboolean
bk_atomic_write_volatile (
    int dirfd, const char *name, const void *data, gsize length_bytes, guint mode, GError **error)
{
  return write_and_rename (dirfd, name, data, length_bytes, mode, FALSE, error);
}

/**
 * bk_read_small_file:
 * @name: names below @dirfd
 * @max_bytes: a larger file is %BK_ERROR_INTEGRITY
 *
 * Returns: (transfer full) (nullable): the whole file.
 */
GBytes *
bk_read_small_file (int dirfd, const char *name, gsize max_bytes, GError **error)
{
  autofd int fd = bk_open_file_at (dirfd, name, error);
  struct stat st;

  if (fd < 0)
    return NULL;
  if (fstat (fd, &st) == 0 && (guint64) st.st_size > max_bytes)
    {
      bk_set_error (error, BK_ERROR_INTEGRITY, "“%s” is larger than such a file can be (%s bytes)",
                    name, BK_NUMBER (max_bytes));
      return NULL;
    }

  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint8 buffer[16 * 1024];

  while (TRUE)
    {
      ssize_t n = read (fd, buffer, sizeof buffer);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          bk_error_set_errno (error, errno, "Reading “%s” failed", name);
          return NULL;
        }
      if (n == 0)
        return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
      if (bytes->len + (gsize) n > max_bytes)
        {
          bk_set_error (error, BK_ERROR_INTEGRITY,
                        "“%s” is larger than such a file can be (%s bytes)", name,
                        BK_NUMBER (max_bytes));
          return NULL;
        }
      g_byte_array_append (bytes, buffer, (guint) n);
    }
}
