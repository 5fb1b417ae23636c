#include "base/lock.h"

#include "base/error.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define HOLDER_MAX_BYTES 256

struct _BkLock
{
  int fd;
};

static char *
read_holder (int fd)
{
  char text[HOLDER_MAX_BYTES + 1];
  ssize_t n = pread (fd, text, HOLDER_MAX_BYTES, 0);

  text[MAX (n, 0)] = '\0';
  return bk_error_one_line (text);
}

/**
 * bk_lock_try:
 * @dirfd: the directory of the lock file
 * @name: the lock file; made if it is missing, and never removed (removing it would let two
 *   holders lock two different files of one name)
 * @holder: who takes it, for instance a job's id
 * @other_holder: (out) (optional) (transfer full): with %BK_ERROR_BUSY, who has it
 *
 * Never waits.
 *
 * Returns: (transfer full) (nullable): the lock, or %NULL with %BK_ERROR_BUSY when it is held.
 */
BkLock *
bk_lock_try (int dirfd, const char *name, const char *holder, char **other_holder, GError **error)
{
  struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  autofd int fd = openat (dirfd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

  if (fd < 0)
    {
      bk_error_set_errno (error, errno, "The lock “%s” cannot be opened", name);
      return NULL;
    }
  if (fcntl (fd, F_OFD_SETLK, &whole) < 0)
    {
      if (errno != EAGAIN && errno != EACCES)
        {
          bk_error_set_errno (error, errno, "The lock “%s” cannot be taken", name);
          return NULL;
        }
      g_autofree char *other = read_holder (fd);

      bk_set_error (error, BK_ERROR_BUSY,
                    "“%s” is held by another run (%s); try again when it has ended", name, other);
      if (other_holder != NULL)
        *other_holder = g_steal_pointer (&other);
      return NULL;
    }
  if (ftruncate (fd, 0) < 0 || pwrite (fd, holder, strlen (holder), 0) < 0)
    {
      bk_error_set_errno (error, errno, "The lock “%s” cannot be written", name);
      return NULL;
    }

  BkLock *self = g_new0 (BkLock, 1);
  self->fd = bk_fd_steal (&fd);
  return self;
}

/**
 * bk_lock_wait:
 * @name: the lock file, as in bk_lock_try()
 *
 * Waits for it: for locks that are held for the length of one write only.
 *
 * Returns: (transfer full) (nullable): the lock.
 */
BkLock *
bk_lock_wait (int dirfd, const char *name, GError **error)
{
  struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  autofd int fd = openat (dirfd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  int result = -1;

  while (fd >= 0 && (result = fcntl (fd, F_OFD_SETLKW, &whole)) < 0 && errno == EINTR)
    continue;
  if (result < 0)
    {
      bk_error_set_errno (error, errno, "The lock “%s” cannot be taken", name);
      return NULL;
    }

  BkLock *self = g_new0 (BkLock, 1);
  self->fd = bk_fd_steal (&fd);
  return self;
}

/**
 * bk_lock_is_held:
 *
 * Returns: whether a living process holds it at this instant.
 */
gboolean
bk_lock_is_held (int dirfd, const char *name)
{
  g_autofree char *holder = bk_lock_dup_holder (dirfd, name);

  return holder != NULL;
}

/**
 * bk_lock_dup_holder:
 *
 * Returns: (transfer full) (nullable): what its living holder wrote into it; %NULL when nobody
 *   holds it.
 */
char *
bk_lock_dup_holder (int dirfd, const char *name)
{
  struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  /* For reading: a look must not be what wakes those who watch for the holder's end. */
  autofd int fd = openat (dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

  if (fd < 0 || fcntl (fd, F_OFD_GETLK, &whole) < 0 || whole.l_type == F_UNLCK)
    return NULL;
  return read_holder (fd);
}

void
bk_lock_free (BkLock *lock)
{
  close (lock->fd);
  g_free (lock);
}
