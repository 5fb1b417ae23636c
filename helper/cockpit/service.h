#pragma once

#include "api/operation.h"
#include "cockpit/socket.h"

/* What the service works with; tests pass a table of their own, and less patience. */
typedef struct
{
  BkListener *listener;
  const BkOperation *const *operations;
  const char *config_path; /* (nullable) see bk_settings_load() */
  const char *runtime_dir; /* the tickets */
  const char *state_dir;   /* the event log */
  gint64 patience_usecs;
  guint greeting_max_msecs;
  guint idle_max_msecs; /* without a peer, until it ends by itself; 0: never */
} BkServiceOptions;

#define BK_SERVICE_GREETING_MSECS (10 * 1000)
#define BK_SERVICE_IDLE_MSECS (60 * 1000)

/* Connections of one user who is not root, and of all who are not root and hold no ticket: one user
 * can be many (subuid), and must not keep out the one whom root lets in. */
#define BK_SERVICE_USER_MAX_COUNT 16
#define BK_SERVICE_STRANGERS_MAX_COUNT 128

int bk_service_run (const BkServiceOptions *options, GError **error);
int bk_service_main (int argc, char **argv);
