#include "cli/main.h"

#include <glib.h>

/**
 * bk_cli_main:
 *
 * Returns: the exit status (see base/error.h).
 */
int
bk_cli_main (int argc, char **argv)
{
  g_printerr ("cockpit-backup: nothing to do yet\n");
  return 2;
}
