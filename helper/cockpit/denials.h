#pragma once

#include <glib.h>

/* What was denied, on its way into the event log: bounded, and written in a thread of its own, so that
 * nobody who asks makes others wait for a disk. Used in the main loop only. */

typedef struct _BkDenialLog BkDenialLog;

BkDenialLog *bk_denial_log_new (const char *state_dir);
void bk_denial_log_free (BkDenialLog *log);
gboolean bk_denial_log_may_guess (BkDenialLog *log, guint32 uid);
void bk_denial_log_guessed (BkDenialLog *log, guint32 uid);
void bk_denial_log_add (BkDenialLog *log, guint32 uid, const char *operation, const char *reason);
