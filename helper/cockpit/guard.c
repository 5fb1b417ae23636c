#include "cockpit/guard.h"

#include "base/error.h"
#include "base/watch.h"
#include "cockpit/denials.h"
#include "format/ticket-json.h"
#include "store/state/ticket-store.h"

#include <glib-unix.h>

/* How often is looked whether a ticket that channels live by has expired. */
#define LOOK_SECONDS 10

struct _BkGuard
{
  BkTicketStore *tickets;
  BkDenialLog *denials;
  BkWatch *watch; /* of the tickets' directory: root may revoke one */
  guint watch_id;
  guint look_id;
  GFunc changed;
  gpointer user_data;
};

static gboolean
on_tickets_changed (int fd, GIOCondition condition, gpointer user_data)
{
  BkGuard *self = user_data;

  bk_watch_wait (self->watch, 0, NULL, NULL);
  self->changed (self->user_data, NULL);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_look (gpointer user_data)
{
  BkGuard *self = user_data;

  self->changed (self->user_data, NULL);
  return G_SOURCE_CONTINUE;
}

/**
 * bk_guard_new:
 * @runtime_dir: where the tickets are
 * @state_dir: where the event log is
 * @changed: (scope forever): called when tickets may have died; its first argument is @user_data
 *
 * Returns: (transfer full) (nullable): the guard.
 */
BkGuard *
bk_guard_new (const char *runtime_dir,
              const char *state_dir,
              GFunc changed,
              gpointer user_data,
              GError **error)
{
  g_autoptr (BkTicketStore) tickets = bk_ticket_store_open (runtime_dir, error);
  g_autoptr (BkWatch) watch = tickets == NULL ? NULL : bk_watch_new (error);

  if (watch == NULL || bk_watch_add_directory (watch, bk_ticket_store_fd (tickets), error) < 0)
    return NULL;

  bk_ticket_store_drop_used (tickets);
  BkGuard *self = g_new0 (BkGuard, 1);
  self->tickets = g_steal_pointer (&tickets);
  self->denials = bk_denial_log_new (state_dir);
  self->watch = g_steal_pointer (&watch);
  self->changed = changed;
  self->user_data = user_data;
  self->watch_id = g_unix_fd_add (bk_watch_fd (self->watch), G_IO_IN, on_tickets_changed, self);
  self->look_id = g_timeout_add_seconds (LOOK_SECONDS, on_look, self);
  return self;
}

/**
 * bk_guard_free:
 *
 * Waits until what was denied is in the event log.
 */
void
bk_guard_free (BkGuard *guard)
{
  g_source_remove (guard->watch_id);
  g_source_remove (guard->look_id);
  bk_denial_log_free (guard->denials);
  bk_watch_free (guard->watch);
  bk_ticket_store_free (guard->tickets);
  g_free (guard);
}

/* To the peer every reason is the same. */
static gboolean
deny (BkGuard *self, guint32 uid, const BkOpenOptions *options, const char *reason, GError **error)
{
  bk_denial_log_add (self->denials, uid, options->op != NULL ? options->op : "", reason);
  bk_set_error (error, BK_ERROR_DENIED,
                "Backups need administrative access: turn it on in Cockpit and try again");
  return FALSE;
}

static BkTicketVerdict
look (BkGuard *self, guint32 uid, const BkOpenOptions *options, BkTicket **ticket)
{
  g_autofree char *args_sha256 = bk_ticket_args_sha256 (options->args, NULL);
  const BkTicketUse use = { .uid = uid, .operation = options->op, .args_sha256 = args_sha256 };
  BkBootTime now;

  *ticket = NULL;
  if (args_sha256 == NULL || !bk_boot_time_now (&now, NULL))
    return BK_TICKET_UNKNOWN;
  return bk_ticket_store_use (self->tickets, options->ticket, &use, &now, ticket);
}

static BkTicket *
take_ticket (BkGuard *self, guint32 uid, const BkOpenOptions *options, GError **error)
{
  g_autoptr (BkTicket) ticket = NULL;

  if (options->ticket == NULL)
    {
      deny (self, uid, options, "no-ticket", error);
      return NULL;
    }
  if (!bk_denial_log_may_guess (self->denials, uid))
    {
      deny (self, uid, options, "too-many-guesses", error);
      return NULL;
    }

  BkTicketVerdict verdict = look (self, uid, options, &ticket);
  if (verdict == BK_TICKET_GOOD)
    return g_steal_pointer (&ticket);
  /* Who shows a secret that was issued does not guess. */
  if (verdict == BK_TICKET_MALFORMED || verdict == BK_TICKET_UNKNOWN)
    bk_denial_log_guessed (self->denials, uid);
  deny (self, uid, options, bk_ticket_verdict_to_string (verdict), error);
  return NULL;
}

/**
 * bk_guard_admit:
 * @uid: of the peer
 * @options: what it wants to open; its ticket_id is set, and is_ticket_used_up for one that was good
 *   for this time only: that one is to be forgotten with the channel
 *
 * Errors: %BK_ERROR_DENIED.
 */
gboolean
bk_guard_admit (BkGuard *guard, guint32 uid, BkOpenOptions *options, GError **error)
{
  g_autoptr (BkTicket) ticket = take_ticket (guard, uid, options, error);

  if (ticket == NULL)
    return FALSE;
  options->ticket_id = g_strdup (ticket->id);
  options->is_ticket_used_up = ticket->kind == BK_TICKET_DOWNLOAD;
  return TRUE;
}

/**
 * bk_guard_revoke:
 * @options: with the ticket that its holder gives back
 *
 * Errors: %BK_ERROR_DENIED when it is not a good one of @uid's.
 */
gboolean
bk_guard_revoke (BkGuard *guard, guint32 uid, const BkOpenOptions *options, GError **error)
{
  g_autoptr (BkTicket) ticket = take_ticket (guard, uid, options, error);

  if (ticket == NULL)
    return FALSE;
  bk_guard_forget (guard, ticket->id);
  return TRUE;
}

/**
 * bk_guard_forget:
 *
 * Revokes a ticket, if it is there.
 */
void
bk_guard_forget (BkGuard *guard, const char *ticket_id)
{
  bk_ticket_store_revoke (guard->tickets, ticket_id, NULL);
}

/**
 * bk_guard_is_alive:
 *
 * Returns: whether what the ticket lets in may go on.
 */
gboolean
bk_guard_is_alive (BkGuard *guard, const char *ticket_id)
{
  BkBootTime now;

  return bk_boot_time_now (&now, NULL) &&
         bk_ticket_store_is_alive (guard->tickets, ticket_id, &now);
}

/**
 * bk_guard_expects:
 *
 * Returns: whether root has issued a ticket for @uid.
 */
gboolean
bk_guard_expects (BkGuard *guard, guint32 uid)
{
  BkBootTime now;

  return bk_boot_time_now (&now, NULL) && bk_ticket_store_has_any (guard->tickets, uid, &now);
}
