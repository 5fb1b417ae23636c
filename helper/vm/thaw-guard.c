/*
 * cockpit-backup thaw-guard URI UUID
 *
 * Sits beside a program that holds a guest's file systems still, and thaws them if that one dies: a
 * guest that stays frozen hangs. libvirt does not do it when its client goes. One byte on stdin says
 * that all is well; the end of stdin without one that the program is gone.
 */
#include "vm/thaw-guard.h"

#include "base/error.h"
#include "vm/libvirt-module.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#define TRIES_COUNT 60

/**
 * bk_thaw_guard_main:
 *
 * Returns: the exit status: 0 when the guest is not frozen any more.
 */
int
bk_thaw_guard_main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  char byte;
  gssize n;

  if (argc != 3)
    return 2;
  /* What ends the program, ends its whole session or unit: not this, before it has looked. */
  signal (SIGTERM, SIG_IGN);
  signal (SIGINT, SIG_IGN);
  signal (SIGHUP, SIG_IGN);
  do
    n = read (STDIN_FILENO, &byte, 1);
  while (n < 0 && errno == EINTR);
  if (n == 1)
    return 0;

  g_autoptr (BkHypervisor) hypervisor = bk_libvirt_open (argv[1], &error);
  for (guint i = 0; hypervisor != NULL && i < TRIES_COUNT; i++)
    {
      g_autoptr (GError) local = NULL;

      if (bk_hypervisor_thaw (hypervisor, argv[2], &local) ||
          g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND))
        return 0;
      g_usleep (G_USEC_PER_SEC);
    }
  return 1;
}
