#pragma once

#include <glib.h>

/*
 * What is done about those who ask without a good ticket: guesses are answered without a look once
 * there were too many, and what is recorded of denials is bounded: the first at once, what follows
 * within a minute as one number. No I/O and no clock here.
 */

/* Guesses that are looked at: so many at once, then one each second. Several tabs that wake up with
 * tickets long dead stay below that. */
#define BK_ATTEMPTS_GUESSES_COUNT 60
#define BK_ATTEMPTS_GUESS_USECS G_TIME_SPAN_SECOND

#define BK_ATTEMPTS_WINDOW_USECS G_TIME_SPAN_MINUTE

/* Users who are kept apart; beyond, they are one. A user may own 65,536 ids (subuid). */
#define BK_ATTEMPTS_USERS_MAX 64
#define BK_ATTEMPTS_OTHERS G_MAXUINT32

#define BK_ATTEMPTS_REASONS_MAX 8

/* Something to record: @uid was denied @count times, for the first time as @operation. */
typedef struct
{
  guint32 uid; /* or BK_ATTEMPTS_OTHERS */
  char *operation;
  guint64 count;
  const char *reasons[BK_ATTEMPTS_REASONS_MAX];
  guint64 reason_counts[BK_ATTEMPTS_REASONS_MAX];
} BkDenials;

typedef struct _BkAttempts BkAttempts;

BkAttempts *bk_attempts_new (void);
void bk_attempts_free (BkAttempts *attempts);
gboolean bk_attempts_may_guess (BkAttempts *attempts, guint32 uid, gint64 now_usecs);
void bk_attempts_guessed (BkAttempts *attempts, guint32 uid, gint64 now_usecs);
BkDenials *bk_attempts_denied (
    BkAttempts *attempts, guint32 uid, const char *operation, const char *reason, gint64 now_usecs);
GPtrArray *bk_attempts_due (BkAttempts *attempts, gint64 now_usecs);
gboolean bk_attempts_is_quiet (BkAttempts *attempts);
void bk_denials_free (BkDenials *denials);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkAttempts, bk_attempts_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkDenials, bk_denials_free)
