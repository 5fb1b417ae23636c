#include "api/runner.h"
#include "cli/main.h"
#include "cockpit/bridge.h"
#include "cockpit/service.h"
#include "cockpit/ticket.h"
#include "vm/libvirt-module.h"
#include "vm/thaw-guard.h"

#include <locale.h>
#include <string.h>

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "");
  bk_libvirt_prepare ();
  if (argc >= 2 && strcmp (argv[1], "bridge") == 0)
    return bk_bridge_main (argc - 1, argv + 1);
  if (argc >= 2 && strcmp (argv[1], "service") == 0)
    return bk_service_main (argc - 1, argv + 1);
  if (argc >= 2 && strcmp (argv[1], "ticket") == 0)
    return bk_ticket_main (argc - 1, argv + 1);
  if (argc >= 2 && strcmp (argv[1], "thaw-guard") == 0)
    return bk_thaw_guard_main (argc - 1, argv + 1);
  if (argc >= 3 && strcmp (argv[1], "job") == 0 && strcmp (argv[2], "run") == 0)
    return bk_job_run_main (argc - 2, argv + 2);
  return bk_cli_main (argc, argv);
}
