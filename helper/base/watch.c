#include "base/watch.h"

#include "base/error.h"
#include "base/path.h"
#include "base/fd.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>

/* Written to, made, moved to or away, removed; and closed by a writer, as a process that dies
 * does. */
#define MASK (IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CLOSE_WRITE)

#define BUFFER_BYTES (16 * 1024)

struct _BkWatch
{
  int fd;
  int wake_fd;
  gsize length_bytes;
  gsize taken_bytes;
  char buffer[BUFFER_BYTES] __attribute__ ((aligned (__alignof__(struct inotify_event))));
};

/**
 * bk_watch_new:
 *
 * Errors: that of inotify; a user may have a bounded number of them.
 *
 * Returns: (transfer full) (nullable): a watch of nothing yet.
 */
BkWatch *
bk_watch_new (GError **error)
{
  autofd int fd = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);
  autofd int wake_fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);

  if (fd < 0 || wake_fd < 0)
    {
      bk_error_set_errno (error, errno,
                          "Directories cannot be watched (see fs.inotify.max_user_instances)");
      return NULL;
    }

  BkWatch *self = g_new0 (BkWatch, 1);
  self->fd = bk_fd_steal (&fd);
  self->wake_fd = bk_fd_steal (&wake_fd);
  return self;
}

void
bk_watch_free (BkWatch *watch)
{
  close (watch->wake_fd);
  close (watch->fd);
  g_free (watch);
}

/**
 * bk_watch_fd:
 *
 * Returns: what becomes readable when there are events, for a main loop.
 */
int
bk_watch_fd (BkWatch *watch)
{
  return watch->fd;
}

/**
 * bk_watch_add_directory:
 * @dirfd: a directory; only its entries are watched, not what lies deeper
 *
 * Returns: the id that its events carry, or -1 on error.
 */
int
bk_watch_add_directory (BkWatch *watch, int dirfd, GError **error)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", dirfd);
  int id = inotify_add_watch (watch->fd, path, MASK | IN_ONLYDIR);

  if (id < 0)
    {
      int errnum = errno;
      g_autofree char *name = bk_fd_dup_path (dirfd);

      bk_error_set_errno (error, errnum,
                          "The directory “%s” cannot be watched (see fs.inotify.max_user_watches)",
                          name);
    }
  return id;
}

/**
 * bk_watch_wait:
 * @timeout_msecs: -1 waits as long as it takes
 *
 * Waits for events, which bk_watch_take() then hands out; there are none after the timeout.
 *
 * Errors: cancellation.
 */
gboolean
bk_watch_wait (BkWatch *watch, int timeout_msecs, GCancellable *cancellable, GError **error)
{
  GPollFD fds[3] = { { .fd = watch->fd, .events = G_IO_IN },
                     { .fd = watch->wake_fd, .events = G_IO_IN } };
  gboolean has_cancel_fd = g_cancellable_make_pollfd (cancellable, &fds[2]);
  guint64 wakes;

  watch->length_bytes = watch->taken_bytes = 0;
  int ready = g_poll (fds, has_cancel_fd ? 3 : 2, timeout_msecs);
  int errnum = errno;
  if (has_cancel_fd)
    g_cancellable_release_fd (cancellable);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (ready < 0 && errnum != EINTR)
    return bk_error_set_errno (error, errnum, "Waiting for changes failed");
  if (ready <= 0)
    return TRUE;
  if (read (watch->wake_fd, &wakes, sizeof wakes) < 0 && errno != EAGAIN && errno != EINTR)
    return bk_error_set_errno (error, errno, "Waiting for changes failed");

  ssize_t n = read (watch->fd, watch->buffer, sizeof watch->buffer);
  if (n < 0 && errno != EAGAIN && errno != EINTR)
    return bk_error_set_errno (error, errno, "Waiting for changes failed");
  watch->length_bytes = (gsize) MAX (n, 0);
  return TRUE;
}

/**
 * bk_watch_wake:
 *
 * Ends a wait, the present one or the next. May be called from any thread while the watch lives.
 */
void
bk_watch_wake (BkWatch *watch)
{
  guint64 one = 1;

  if (write (watch->wake_fd, &one, sizeof one) < 0 && errno != EAGAIN)
    g_warning ("A waiting operation could not be woken: %s", g_strerror (errno));
}

/**
 * bk_watch_take:
 * @event: (out): the next of the events that bk_watch_wait() found
 *
 * Returns: whether there was one more.
 */
gboolean
bk_watch_take (BkWatch *watch, BkWatchEvent *event)
{
  while (watch->taken_bytes < watch->length_bytes)
    {
      const struct inotify_event *raw =
          (const struct inotify_event *) (const void *) (watch->buffer + watch->taken_bytes);

      watch->taken_bytes += sizeof *raw + raw->len;
      if ((raw->mask & IN_Q_OVERFLOW) == 0 && raw->len == 0)
        continue; /* of the directory itself */
      event->id = (raw->mask & IN_Q_OVERFLOW) != 0 ? -1 : raw->wd;
      event->name = raw->len > 0 ? raw->name : "";
      return TRUE;
    }
  return FALSE;
}
