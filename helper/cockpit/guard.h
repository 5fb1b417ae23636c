#pragma once

#include "cockpit/control.h"

/*
 * Who lets peers in that are not root: by their tickets. One for all sessions of the service. What it
 * denies goes into the event log. Used in the main loop only.
 */

typedef struct _BkGuard BkGuard;

BkGuard *bk_guard_new (const char *runtime_dir,
                       const char *state_dir,
                       GFunc changed,
                       gpointer user_data,
                       GError **error);
void bk_guard_free (BkGuard *guard);

gboolean bk_guard_admit (BkGuard *guard, guint32 uid, BkOpenOptions *options, GError **error);
gboolean
bk_guard_revoke (BkGuard *guard, guint32 uid, const BkOpenOptions *options, GError **error);
void bk_guard_forget (BkGuard *guard, const char *ticket_id);
gboolean bk_guard_is_alive (BkGuard *guard, const char *ticket_id);
gboolean bk_guard_expects (BkGuard *guard, guint32 uid);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkGuard, bk_guard_free)
