/*
 * LD_PRELOAD: numbers each call of a program, and of the programs it starts, that changes something on
 * disk or asks libvirt to change something; ends them all, as kill -9 and a power cut would, just before
 * one of these calls.
 *
 * KILL_STATE names a file of four longs: the number of the call to end at (0: none), how many there
 * have been, the process that was started first, which is ended with whoever makes the call, and who that is.
 * KILL_MATCH is part of the name of a file, or its end, and a '$': the first call on such a one is where to
 * end instead.
 * KILL_TRACE names a file that gets a line for each call. KILL_SKIP holds directories, joined by ':',
 * where what is written is no step: logs, and the state of jobs. KILL_SIGNAL is another signal to send:
 * SIGSTOP holds them all where they are.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define PATH_BYTES 4096
#define CLONE_REQUEST 0x40049409UL /* FICLONE */

typedef struct
{
  long at;
  atomic_long count;
  atomic_long first;
  atomic_long caller;
} State;

static State *state;

__attribute__ ((constructor)) static void
attach (void)
{
  const char *path = getenv ("KILL_STATE");
  int fd = path == NULL ? -1 : (int) syscall (SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
  long nobody = 0;

  if (fd < 0)
    return;
  void *map = mmap (NULL, sizeof (State), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close (fd);
  if (map == MAP_FAILED)
    return;
  state = map;
  atomic_compare_exchange_strong (&state->first, &nobody, (long) getpid ());
}

static bool
is_skipped (const char *path)
{
  const char *prefixes = getenv ("KILL_SKIP");

  while (prefixes != NULL && *prefixes != '\0')
    {
      size_t length = strcspn (prefixes, ":");

      if (length > 0 && strncmp (path, prefixes, length) == 0)
        return true;
      prefixes += length + (prefixes[length] == ':' ? 1 : 0);
    }
  return false;
}

static void
trace (long number, const char *call, const char *what)
{
  const char *path = getenv ("KILL_TRACE");
  char line[PATH_BYTES + 128];
  int length = snprintf (line, sizeof line, "%ld\t%s\t%s\t%s\n", number,
                         program_invocation_short_name, call, what);
  long fd = path == NULL ? -1
                         : syscall (SYS_openat, AT_FDCWD, path,
                                    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

  if (fd < 0 || length < 0)
    return;
  syscall (SYS_write, fd, line, (size_t) length < sizeof line ? (size_t) length : sizeof line - 1);
  syscall (SYS_close, fd);
}

static bool
matches (const char *what)
{
  const char *match = getenv ("KILL_MATCH");
  size_t length = match == NULL ? 0 : strlen (match);

  if (length == 0)
    return false;
  if (match[length - 1] != '$')
    return strstr (what, match) != NULL;
  length--;
  return strlen (what) >= length && strncmp (what + strlen (what) - length, match, length) == 0;
}

static void
step (const char *call, const char *what)
{
  if (state == NULL || is_skipped (what))
    return;

  long number = atomic_fetch_add (&state->count, 1) + 1;

  trace (number, call, what);
  if (number != state->at && (state->at < 0 || !matches (what)))
    return;
  state->at = -1; /* once */
  state->caller = getpid ();

  const char *text = getenv ("KILL_SIGNAL");
  int number_of_signal = text == NULL ? SIGKILL : atoi (text);
  if ((pid_t) state->first != getpid ())
    kill ((pid_t) state->first, number_of_signal);
  raise (
      number_of_signal); /* of this very thread: another one's would let this one go on a little */
}

static void
step_at (const char *call, int dirfd, const char *name)
{
  char link[64];
  char path[2 * PATH_BYTES];
  ssize_t length = 0;

  if (name[0] != '/' && dirfd != AT_FDCWD)
    {
      snprintf (link, sizeof link, "/proc/self/fd/%d", dirfd);
      length = readlink (link, path, PATH_BYTES - 1);
      if (length < 0)
        length = 0;
      path[length++] = '/';
    }
  snprintf (path + length, sizeof path - (size_t) length, "%s", name);
  step (call, path);
}

/* Asking for a directory that is there changes nothing. */
static void
step_mkdir (int dirfd, const char *name)
{
  struct stat st;

  if (fstatat (dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
    step_at ("mkdir", dirfd, name);
}

static void
step_fd (const char *call, int fd)
{
  char link[64];
  char path[PATH_BYTES];
  struct stat st;

  if (state == NULL || fstat (fd, &st) < 0 || (!S_ISREG (st.st_mode) && !S_ISDIR (st.st_mode)))
    return;
  snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink (link, path, sizeof path - 1);
  path[length < 0 ? 0 : length] = '\0';
  step (call, path);
}

/* libvirt is loaded when it is needed, out of the sight of RTLD_NEXT. */
static void *
next_of (const char *name)
{
  void *next = dlsym (RTLD_NEXT, name);
  void *libvirt = next != NULL ? NULL : dlopen ("libvirt.so.0", RTLD_LAZY | RTLD_NOLOAD);

  return next != NULL || libvirt == NULL ? next : dlsym (libvirt, name);
}

#define WRAP(type, name, declared, given, stepped)                                                 \
  type name declared;                                                                              \
  type name declared                                                                               \
  {                                                                                                \
    type (*next) declared = (type (*) declared) next_of (#name);                                   \
    stepped;                                                                                       \
    return next given;                                                                             \
  }

WRAP (int, rename, (const char *a, const char *b), (a, b), step ("rename", b))
WRAP (int,
      renameat,
      (int a, const char *b, int c, const char *d),
      (a, b, c, d),
      step_at ("rename", c, d))
WRAP (int,
      renameat2,
      (int a, const char *b, int c, const char *d, unsigned int e),
      (a, b, c, d, e),
      step_at ("rename", c, d))
WRAP (int, link, (const char *a, const char *b), (a, b), step ("link", b))
WRAP (int,
      linkat,
      (int a, const char *b, int c, const char *d, int e),
      (a, b, c, d, e),
      step_at ("link", c, d))
WRAP (int, unlink, (const char *a), (a), step ("unlink", a))
WRAP (int, unlinkat, (int a, const char *b, int c), (a, b, c), step_at ("unlink", a, b))
WRAP (int, mkdir, (const char *a, mode_t b), (a, b), step_mkdir (AT_FDCWD, a))
WRAP (int, mkdirat, (int a, const char *b, mode_t c), (a, b, c), step_mkdir (a, b))
WRAP (int, chown, (const char *a, uid_t b, gid_t c), (a, b, c), step ("chown", a))
WRAP (int, fsync, (int a), (a), step_fd ("fsync", a))
WRAP (int, fdatasync, (int a), (a), step_fd ("fdatasync", a))
WRAP (int, ftruncate64, (int a, off64_t b), (a, b), step_fd ("ftruncate", a))
WRAP (
    int, fallocate64, (int a, int b, off64_t c, off64_t d), (a, b, c, d), step_fd ("fallocate", a))
WRAP (ssize_t, write, (int a, const void *b, size_t c), (a, b, c), step_fd ("write", a))
WRAP (ssize_t,
      pwrite64,
      (int a, const void *b, size_t c, off64_t d),
      (a, b, c, d),
      step_fd ("write", a))
WRAP (ssize_t,
      pwritev64,
      (int a, const struct iovec *b, int c, off64_t d),
      (a, b, c, d),
      step_fd ("write", a))

/* libvirt's objects are opaque here. */
WRAP (int,
      virDomainBackupBegin,
      (void *a, const char *b, const char *c, unsigned int d),
      (a, b, c, d),
      step ("libvirt", "backup-begin"))
WRAP (int, virDomainAbortJob, (void *a), (a), step ("libvirt", "abort-job"))
WRAP (int,
      virDomainCheckpointDelete,
      (void *a, unsigned int b),
      (a, b),
      step ("libvirt", "checkpoint-delete"))
WRAP (int, virDomainCreateWithFlags, (void *a, unsigned int b), (a, b), step ("libvirt", "start"))
WRAP (int, virDomainDestroy, (void *a), (a), step ("libvirt", "destroy"))
WRAP (void *,
      virDomainCheckpointCreateXML,
      (void *a, const char *b, unsigned int c),
      (a, b, c),
      step ("libvirt", "checkpoint-redefine"))
WRAP (void *,
      virDomainDefineXMLFlags,
      (void *a, const char *b, unsigned int c),
      (a, b, c),
      step ("libvirt", "define"))

int ioctl (int fd, unsigned long request, ...);

int
ioctl (int fd, unsigned long request, ...)
{
  int (*next) (int, unsigned long, ...) =
      (int (*) (int, unsigned long, ...)) dlsym (RTLD_NEXT, "ioctl");
  va_list args;

  va_start (args, request);
  void *argument = va_arg (args, void *);
  va_end (args);
  if (request == CLONE_REQUEST)
    step_fd ("clone", fd);
  return next (fd, request, argument);
}

/* Both take a mode where they make a file. */
#define READ_MODE(flags, mode)                                                                     \
  do                                                                                               \
    {                                                                                              \
      va_list args;                                                                                \
                                                                                                   \
      va_start (args, flags);                                                                      \
      if (((flags) &O_CREAT) != 0)                                                                 \
        mode = va_arg (args, mode_t);                                                              \
      va_end (args);                                                                               \
    }                                                                                              \
  while (false)

int openat64 (int dirfd, const char *path, int flags, ...);
int open64 (const char *path, int flags, ...);

int
openat64 (int dirfd, const char *path, int flags, ...)
{
  int (*next) (int, const char *, int, ...) =
      (int (*) (int, const char *, int, ...)) dlsym (RTLD_NEXT, "openat64");
  mode_t mode = 0;

  READ_MODE (flags, mode);
  if ((flags & O_CREAT) != 0)
    step_at ("create", dirfd, path);
  return next (dirfd, path, flags, mode);
}

int
open64 (const char *path, int flags, ...)
{
  int (*next) (const char *, int, ...) =
      (int (*) (const char *, int, ...)) dlsym (RTLD_NEXT, "open64");
  mode_t mode = 0;

  READ_MODE (flags, mode);
  if ((flags & O_CREAT) != 0)
    step ("create", path);
  return next (path, flags, mode);
}
