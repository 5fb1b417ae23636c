#pragma once

#include <glib.h>
#include <glib/gstdio.h>
#include <unistd.h>

/* A file descriptor that closes itself at the end of its scope: `autofd int fd = open (…);` */

static inline void
bk_fd_clear (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

static inline int
bk_fd_steal (int *fd)
{
  int stolen = *fd;

  *fd = -1;
  return stolen;
}

#define autofd __attribute__ ((cleanup (bk_fd_clear)))
