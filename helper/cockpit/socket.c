#include "cockpit/socket.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "base/lock.h"
#include "base/path.h"
#include "store/state/runtime-dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define LOCK_NAME "service.lock"
#define BACKLOG_COUNT 128

/* The first that systemd passes (sd_listen_fds(3)). */
#define LISTEN_FDS_START 3

struct _BkListener
{
  int fd;
  int dirfd;    /* where we made the socket, or -1 */
  BkLock *lock; /* (nullable): held while it is ours */
};

/* By the directory's handle: the path may be longer than such an address can be, and cannot change in
 * between. */
static void
address_in (int dirfd, struct sockaddr_un *address)
{
  memset (address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  g_snprintf (address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s", dirfd,
              BK_SERVICE_SOCKET_NAME);
}

static int
make_socket (int dirfd, const char *runtime_dir, GError **error)
{
  struct sockaddr_un address;
  autofd int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  address_in (dirfd, &address);
  /* A name that is free at once after a crash; nobody else can write into the directory. */
  if (unlinkat (dirfd, BK_SERVICE_SOCKET_NAME, 0) < 0 && errno != ENOENT)
    {
      bk_error_set_errno (error, errno, "The old socket in “%s” cannot be removed", runtime_dir);
      return -1;
    }
  mode_t old_mask = umask (0111);
  int outcome = fd < 0 ? -1 : bind (fd, (const struct sockaddr *) &address, sizeof address);
  int errnum = errno;
  umask (old_mask);
  if (outcome < 0 || listen (fd, BACKLOG_COUNT) < 0)
    {
      bk_error_set_errno (error, outcome < 0 ? errnum : errno, "The socket in “%s” cannot be made",
                          runtime_dir);
      return -1;
    }
  return bk_fd_steal (&fd);
}

/**
 * bk_listener_new:
 *
 * Makes the socket. It is ours until bk_listener_free().
 *
 * Errors: %BK_ERROR_BUSY when another service has it.
 */
BkListener *
bk_listener_new (const char *runtime_dir, GError **error)
{
  g_autofree char *holder = g_strdup_printf (_ ("process %d"), (int) getpid ());
  autofd int dirfd = bk_runtime_dir_open (runtime_dir, error);
  g_autoptr (BkLock) lock = dirfd < 0 ? NULL : bk_lock_try (dirfd, LOCK_NAME, holder, NULL, error);
  autofd int fd = lock == NULL ? -1 : make_socket (dirfd, runtime_dir, error);

  if (fd < 0)
    return NULL;
  BkListener *self = g_new0 (BkListener, 1);
  self->fd = bk_fd_steal (&fd);
  self->dirfd = bk_fd_steal (&dirfd);
  self->lock = g_steal_pointer (&lock);
  return self;
}

static gboolean
is_listening_socket (int fd)
{
  int value = 0;
  socklen_t length = sizeof value;

  return getsockopt (fd, SOL_SOCKET, SO_DOMAIN, &value, &length) == 0 && value == AF_UNIX &&
         getsockopt (fd, SOL_SOCKET, SO_TYPE, &value, &length) == 0 && value == SOCK_STREAM &&
         getsockopt (fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &length) == 0 && value != 0;
}

/**
 * bk_listener_new_activated:
 *
 * Takes the socket that systemd passed (sd_listen_fds(3)), and the variables that say so: they are not
 * for what we start.
 *
 * Returns: (transfer full) (nullable): %NULL without @error when there is none.
 * Errors: %BK_ERROR_USAGE when what was passed is not one listening socket.
 */
BkListener *
bk_listener_new_activated (GError **error)
{
  g_autofree char *pid = g_strdup (g_getenv ("LISTEN_PID"));
  g_autofree char *count = g_strdup (g_getenv ("LISTEN_FDS"));

  g_unsetenv ("LISTEN_PID");
  g_unsetenv ("LISTEN_FDS");
  g_unsetenv ("LISTEN_FDNAMES");
  if (pid == NULL || count == NULL || g_ascii_strtoll (pid, NULL, 10) != getpid ())
    return NULL;
  if (strcmp (count, "1") != 0 || !is_listening_socket (LISTEN_FDS_START) ||
      fcntl (LISTEN_FDS_START, F_SETFD, FD_CLOEXEC) < 0 ||
      fcntl (LISTEN_FDS_START, F_SETFL, O_NONBLOCK) < 0)
    {
      bk_set_error (error, BK_ERROR_USAGE,
                    "What was passed is not one listening UNIX stream socket");
      return NULL;
    }
  BkListener *self = g_new0 (BkListener, 1);
  self->fd = LISTEN_FDS_START;
  self->dirfd = -1;
  return self;
}

void
bk_listener_free (BkListener *listener)
{
  if (listener->dirfd >= 0)
    unlinkat (listener->dirfd, BK_SERVICE_SOCKET_NAME, 0);
  bk_fd_clear (&listener->fd);
  bk_fd_clear (&listener->dirfd);
  g_clear_pointer (&listener->lock, bk_lock_free);
  g_free (listener);
}

/**
 * bk_listener_fd:
 *
 * Returns: the listening socket, which @listener keeps.
 */
int
bk_listener_fd (const BkListener *listener)
{
  return listener->fd;
}

/**
 * bk_listener_is_activated:
 *
 * Returns: whether somebody else keeps the socket, and starts us anew when somebody connects.
 */
gboolean
bk_listener_is_activated (const BkListener *listener)
{
  return listener->dirfd < 0;
}

/**
 * bk_peer_uid:
 * @uid: (out): who connected, or who listens
 */
gboolean
bk_peer_uid (int fd, guint32 *uid, GError **error)
{
  struct ucred peer;
  socklen_t length = sizeof peer;

  if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
    return bk_error_set_errno (error, errno, "The kernel does not say who the peer is");
  *uid = peer.uid;
  return TRUE;
}

static gboolean
is_roots (int fd, const char *runtime_dir, GError **error)
{
  guint32 uid;

  if (!bk_peer_uid (fd, &uid, error))
    return FALSE;
  if (uid == 0)
    return TRUE;
  bk_set_error (error, BK_ERROR_UNAVAILABLE,
                "The service in “%s” is not root's, so it is told nothing", runtime_dir);
  return FALSE;
}

/**
 * bk_service_connect:
 *
 * Returns: (transfer full): a socket that root's service listens on, non-blocking; or -1.
 * Errors: %BK_ERROR_UNAVAILABLE when no service of root's listens there; %BK_ERROR_BUSY when it has
 *   more to do than it takes.
 */
int
bk_service_connect (const char *runtime_dir, GError **error)
{
  autofd int dirfd = open (runtime_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
  autofd int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  struct sockaddr_un address;

  address_in (dirfd, &address);
  if (fd < 0)
    {
      bk_error_set_errno (error, errno, "A socket cannot be made");
      return -1;
    }
  if (dirfd >= 0 && connect (fd, (const struct sockaddr *) &address, sizeof address) == 0)
    return is_roots (fd, runtime_dir, error) ? bk_fd_steal (&fd) : -1;
  if (dirfd >= 0 && errno == EAGAIN)
    bk_set_error (error, BK_ERROR_BUSY, "The backup service is busy; try again");
  else
    bk_set_error (error, BK_ERROR_UNAVAILABLE, "No service listens in “%s”", runtime_dir);
  return -1;
}
