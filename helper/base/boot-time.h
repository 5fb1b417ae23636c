#pragma once

#include <glib.h>

/*
 * The clock that runs from the machine's start on, also while it sleeps. Nobody sets it: what is to
 * end after some minutes ends then, whatever is done to the wall clock.
 */

#define BK_BOOT_ID_LENGTH 36

typedef struct
{
  char boot_id[BK_BOOT_ID_LENGTH + 1]; /* of this start: the clock of another one says nothing */
  gint64 usecs;
} BkBootTime;

gboolean bk_boot_time_now (BkBootTime *now, GError **error);
