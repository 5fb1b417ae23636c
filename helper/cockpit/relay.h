#pragma once

#include <glib.h>

/* What a relay works with; tests have less patience. */
typedef struct
{
  int in_fd;  /* (transfer full) Cockpit's frames come in here */
  int out_fd; /* (transfer full) and go out here */
  const char *runtime_dir;
  guint greeting_max_msecs; /* how long the service's "init" is waited for */
} BkRelayOptions;

#define BK_RELAY_GREETING_MSECS (10 * 1000)

/* What a channel closes with when the service does not run: not Cockpit's word. */
#define BK_RELAY_NO_SERVICE "no-service"

int bk_relay_run (const BkRelayOptions *options);
