#pragma once

#include "api/operation.h"

/* What a bridge works with; tests pass a table of their own. */
typedef struct
{
  int in_fd;  /* (transfer full) frames come in here */
  int out_fd; /* (transfer full) and go out here */
  const BkOperation *const *operations;
  const char *config_path; /* (nullable) see bk_settings_load() */
  const char *actor;       /* the person of this session */
  gint64 patience_usecs;   /* without a pong, until a receiver is taken for gone */
} BkBridgeOptions;

int bk_bridge_run (const BkBridgeOptions *options);
int bk_bridge_main (int argc, char **argv);
