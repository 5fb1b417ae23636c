#include "cockpit/bridge.h"

/**
 * bk_bridge_main:
 *
 * Returns: the exit status.
 */
int
bk_bridge_main (int argc, char **argv)
{
  return 1;
}
