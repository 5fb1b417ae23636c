#include "cli/main.h"
#include "cockpit/bridge.h"

#include <locale.h>
#include <string.h>

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "");
  if (argc >= 2 && strcmp (argv[1], "bridge") == 0)
    return bk_bridge_main (argc - 1, argv + 1);
  return bk_cli_main (argc, argv);
}
