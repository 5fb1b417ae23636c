/*
 * LD_PRELOAD: ends the program as kill -9 would, just before its Nth call that changes something on
 * disk. KILL_AT is N; without it the calls are only counted. KILL_COUNT names a file that the count
 * is written to when the program ends by itself.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long calls_count;

static void
step (void)
{
  const char *at = getenv ("KILL_AT");
  long number = atomic_fetch_add (&calls_count, 1) + 1;

  if (at != NULL && number == atol (at))
    kill (getpid (), SIGKILL);
}

__attribute__ ((destructor)) static void
write_count (void)
{
  const char *path = getenv ("KILL_COUNT");
  FILE *file = path == NULL ? NULL : fopen (path, "w");

  if (file == NULL)
    return;
  fprintf (file, "%ld", atomic_load (&calls_count));
  fclose (file);
}

#define WRAP(type, name, declared, given)                                                          \
  type name declared;                                                                              \
  type name declared                                                                               \
  {                                                                                                \
    type (*next) declared = (type (*) declared) dlsym (RTLD_NEXT, #name);                          \
    step ();                                                                                       \
    return next given;                                                                             \
  }

WRAP (int, renameat, (int a, const char *b, int c, const char *d), (a, b, c, d))
WRAP (int,
      renameat2,
      (int a, const char *b, int c, const char *d, unsigned int e),
      (a, b, c, d, e))
WRAP (int, linkat, (int a, const char *b, int c, const char *d, int e), (a, b, c, d, e))
WRAP (int, symlinkat, (const char *a, int b, const char *c), (a, b, c))
WRAP (int, mkdirat, (int a, const char *b, mode_t c), (a, b, c))
WRAP (int, unlinkat, (int a, const char *b, int c), (a, b, c))
WRAP (int, fsync, (int a), (a))
WRAP (int, syncfs, (int a), (a))
WRAP (int, fchmod, (int a, mode_t b), (a, b))
WRAP (int, futimens, (int a, const struct timespec b[2]), (a, b))
WRAP (ssize_t, pwrite64, (int a, const void *b, size_t c, off64_t d), (a, b, c, d))
WRAP (ssize_t, write, (int a, const void *b, size_t c), (a, b, c))

int openat64 (int dirfd, const char *name, int flags, ...);

int
openat64 (int dirfd, const char *name, int flags, ...)
{
  int (*next) (int, const char *, int, ...) =
      (int (*) (int, const char *, int, ...)) dlsym (RTLD_NEXT, "openat64");
  mode_t mode = 0;
  va_list args;

  va_start (args, flags);
  if ((flags & O_CREAT) != 0)
    mode = va_arg (args, mode_t);
  va_end (args);
  if ((flags & O_CREAT) != 0)
    step ();
  return next (dirfd, name, flags, mode);
}
