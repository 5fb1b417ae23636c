#pragma once

#include <gio/gio.h>

/* Timers of systemd for what runs by itself. Where there is no systemd nothing can be set up, and
 * that is said. */

typedef struct
{
  char *unit_dir;  /* of the administrator's units */
  char *systemctl; /* (nullable): systemd does not run here */
  char *analyze;   /* (nullable): expressions cannot be checked by systemd itself */
} BkScheduler;

BkScheduler *bk_scheduler_new_for_host (void);
void bk_scheduler_free (BkScheduler *scheduler);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkScheduler, bk_scheduler_free)

gboolean bk_scheduler_check (const BkScheduler *scheduler,
                             const char *calendar,
                             gint64 *next_usecs,
                             GError **error);
gboolean bk_scheduler_apply (const BkScheduler *scheduler,
                             const char *unit,
                             const char *calendar,
                             GError **error);
gboolean bk_scheduler_is_active (const BkScheduler *scheduler, const char *unit);
