#include "model/attempts.h"

#include <string.h>

#define OPERATION_MAX_CHARS 100

typedef struct
{
  guint32 uid;
  gint64 guess_usecs;  /* each guess takes BK_ATTEMPTS_GUESS_USECS of it; never behind the clock */
  gint64 window_usecs; /* end of the window; 0: none is open */
  BkDenials *pending;  /* (nullable): denials of this window */
} User;

struct _BkAttempts
{
  GHashTable *users; /* uid → User */
};

static void
user_free (gpointer data)
{
  User *user = data;

  g_clear_pointer (&user->pending, bk_denials_free);
  g_free (user);
}

BkAttempts *
bk_attempts_new (void)
{
  BkAttempts *self = g_new0 (BkAttempts, 1);

  self->users = g_hash_table_new_full (NULL, NULL, NULL, user_free);
  return self;
}

void
bk_attempts_free (BkAttempts *attempts)
{
  g_hash_table_unref (attempts->users);
  g_free (attempts);
}

void
bk_denials_free (BkDenials *denials)
{
  g_free (denials->operation);
  g_free (denials);
}

static gboolean
is_idle (const User *user, gint64 now_usecs)
{
  return user->pending == NULL && user->window_usecs <= now_usecs && user->guess_usecs <= now_usecs;
}

static gboolean
forget_idle (gpointer key, gpointer value, gpointer user_data)
{
  return is_idle (value, *(gint64 *) user_data);
}

static User *
get_user (BkAttempts *self, guint32 uid, gint64 now_usecs)
{
  User *user = g_hash_table_lookup (self->users, GUINT_TO_POINTER (uid));

  if (user != NULL)
    return user;
  if (g_hash_table_size (self->users) >= BK_ATTEMPTS_USERS_MAX)
    g_hash_table_foreach_remove (self->users, forget_idle, &now_usecs);
  if (g_hash_table_size (self->users) >= BK_ATTEMPTS_USERS_MAX && uid != BK_ATTEMPTS_OTHERS)
    return get_user (self, BK_ATTEMPTS_OTHERS, now_usecs);
  user = g_new0 (User, 1);
  user->uid = uid;
  g_hash_table_insert (self->users, GUINT_TO_POINTER (uid), user);
  return user;
}

/**
 * bk_attempts_may_guess:
 *
 * Returns: whether a ticket of @uid is looked at. Those who are not kept apart are not shut out: one
 *   of them would shut out all.
 */
gboolean
bk_attempts_may_guess (BkAttempts *attempts, guint32 uid, gint64 now_usecs)
{
  const User *user = g_hash_table_lookup (attempts->users, GUINT_TO_POINTER (uid));

  return user == NULL || user->guess_usecs - now_usecs <
                             (BK_ATTEMPTS_GUESSES_COUNT - 1) * BK_ATTEMPTS_GUESS_USECS + 1;
}

/**
 * bk_attempts_guessed:
 *
 * A ticket of @uid was looked at, and was none.
 */
void
bk_attempts_guessed (BkAttempts *attempts, guint32 uid, gint64 now_usecs)
{
  User *user = get_user (attempts, uid, now_usecs);

  user->guess_usecs = MAX (user->guess_usecs, now_usecs) + BK_ATTEMPTS_GUESS_USECS;
}

static void
count_reason (BkDenials *denials, const char *reason)
{
  guint i = 0;

  while (i < BK_ATTEMPTS_REASONS_MAX - 1 && denials->reasons[i] != NULL &&
         strcmp (denials->reasons[i], reason) != 0)
    i++;
  denials->reasons[i] = reason;
  denials->reason_counts[i]++;
  denials->count++;
}

static BkDenials *
new_denials (guint32 uid, const char *operation)
{
  BkDenials *denials = g_new0 (BkDenials, 1);

  denials->uid = uid;
  denials->operation =
      g_utf8_substring (operation, 0, MIN (g_utf8_strlen (operation, -1), OPERATION_MAX_CHARS));
  return denials;
}

/**
 * bk_attempts_denied:
 * @operation: what was asked for; valid UTF-8
 * @reason: one of few words, which live for good
 *
 * Returns: (transfer full) (nullable): what is to be recorded now; %NULL when it is counted for
 *   bk_attempts_due().
 */
BkDenials *
bk_attempts_denied (
    BkAttempts *attempts, guint32 uid, const char *operation, const char *reason, gint64 now_usecs)
{
  User *user = get_user (attempts, uid, now_usecs);

  if (user->window_usecs > 0)
    {
      if (user->pending == NULL)
        user->pending = new_denials (user->uid, operation);
      count_reason (user->pending, reason);
      return NULL;
    }
  BkDenials *first = new_denials (user->uid, operation);
  count_reason (first, reason);
  user->window_usecs = now_usecs + BK_ATTEMPTS_WINDOW_USECS;
  return first;
}

/**
 * bk_attempts_due:
 * @now_usecs: %G_MAXINT64 at the end: everything
 *
 * Closes the windows that are over. What was counted in one opens the next.
 *
 * Returns: (transfer full) (element-type BkDenials): what is to be recorded now.
 */
GPtrArray *
bk_attempts_due (BkAttempts *attempts, gint64 now_usecs)
{
  GPtrArray *due = g_ptr_array_new_with_free_func ((GDestroyNotify) bk_denials_free);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, attempts->users);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      User *user = value;

      if (user->window_usecs == 0 || user->window_usecs > now_usecs)
        continue;
      user->window_usecs = 0;
      if (user->pending == NULL)
        continue;
      g_ptr_array_add (due, g_steal_pointer (&user->pending));
      if (now_usecs < G_MAXINT64)
        user->window_usecs = now_usecs + BK_ATTEMPTS_WINDOW_USECS;
    }
  return due;
}

/**
 * bk_attempts_is_quiet:
 *
 * Returns: whether no window is open: bk_attempts_due() has nothing to do before the next denial.
 */
gboolean
bk_attempts_is_quiet (BkAttempts *attempts)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, attempts->users);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      if (((User *) value)->window_usecs != 0)
        return FALSE;
    }
  return TRUE;
}
