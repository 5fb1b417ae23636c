#include "store/state/ticket-store.h"

#include "base/error.h"
#include "base/fd.h"
#include "store/state/runtime-dir.h"
#include "store/state/ticket-record.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/random.h>

#define DIRECTORY_NAME "tickets"
struct _BkTicketStore
{
  int dirfd;
};

/**
 * bk_ticket_store_open:
 * @runtime_dir: see bk_runtime_dir_open()
 *
 * Returns: (transfer full) (nullable): the store.
 */
BkTicketStore *
bk_ticket_store_open (const char *runtime_dir, GError **error)
{
  autofd int dirfd = bk_runtime_dir_open_private (runtime_dir, DIRECTORY_NAME, error);

  if (dirfd < 0)
    return NULL;
  BkTicketStore *self = g_new0 (BkTicketStore, 1);
  self->dirfd = bk_fd_steal (&dirfd);
  return self;
}

void
bk_ticket_store_free (BkTicketStore *store)
{
  close (store->dirfd);
  g_free (store);
}

/**
 * bk_ticket_store_fd:
 *
 * Returns: the directory's handle, which the store keeps; who watches it learns of revocations.
 */
int
bk_ticket_store_fd (BkTicketStore *store)
{
  return store->dirfd;
}

static gboolean
fill_random (void *data, gsize length_bytes, GError **error)
{
  /* Up to 256 bytes come whole. */
  if (getrandom (data, length_bytes, 0) == (ssize_t) length_bytes)
    return TRUE;
  return bk_error_set_errno (error, errno, "The kernel gives no random bytes");
}

static gint64
expiry (const BkBootTime *now, guint lifetime_seconds)
{
  return now->usecs + (gint64) lifetime_seconds * G_USEC_PER_SEC;
}

static BkTicket *
new_ticket (const BkTicketRequest *request, const char *id, const BkBootTime *now)
{
  BkTicket *ticket = g_new0 (BkTicket, 1);

  ticket->id = g_strdup (id);
  ticket->kind = request->operation != NULL ? BK_TICKET_DOWNLOAD : BK_TICKET_SESSION;
  ticket->uid = request->uid;
  ticket->boot_id = g_strdup (now->boot_id);
  ticket->expires_usecs = expiry (now, request->lifetime_seconds);
  ticket->operation = g_strdup (request->operation);
  ticket->args_sha256 = g_strdup (request->args_sha256);
  return ticket;
}

/**
 * bk_ticket_store_issue:
 *
 * Dead tickets go on this occasion.
 *
 * Returns: (transfer full) (nullable): the new ticket's text. It is kept nowhere.
 * Errors: %BK_ERROR_BUSY when there are too many.
 */
char *
bk_ticket_store_issue (BkTicketStore *store,
                       const BkTicketRequest *request,
                       const BkBootTime *now,
                       GError **error)
{
  guint64 number;
  guint8 secret[BK_SHA256_BYTES];
  char id[BK_TICKET_ID_LENGTH + 1];
  char secret_sha256[BK_SHA256_HEX_LENGTH + 1];

  bk_ticket_store_prune (store, now);
  g_autoptr (GPtrArray) ids = bk_ticket_record_list (store->dirfd, BK_TICKET_RECORD_READY, error);
  if (ids == NULL)
    return NULL;
  if (ids->len >= BK_TICKETS_MAX_COUNT)
    {
      bk_set_error (error, BK_ERROR_BUSY,
                    "%u tickets are out already. Wait until some have expired, or revoke them",
                    ids->len);
      return NULL;
    }
  if (!fill_random (&number, sizeof number, error) || !fill_random (secret, sizeof secret, error))
    return NULL;
  g_snprintf (id, sizeof id, "%016" G_GINT64_MODIFIER "x", number);

  g_autofree char *text = bk_ticket_text_new (id, secret);
  OPENSSL_cleanse (secret, sizeof secret);
  bk_ticket_text_split (text, id, secret_sha256);
  g_autoptr (BkTicket) ticket = new_ticket (request, id, now);
  ticket->secret_sha256 = g_strdup (secret_sha256);
  return bk_ticket_record_write (store->dirfd, ticket, error) ? g_steal_pointer (&text) : NULL;
}

/**
 * bk_ticket_store_renew:
 * @id: of a session's ticket that has not expired
 *
 * Lets it live for @lifetime_seconds from now on.
 *
 * Errors: %BK_ERROR_NOT_FOUND when there is no such ticket, or it has expired.
 */
gboolean
bk_ticket_store_renew (BkTicketStore *store,
                       const char *id,
                       guint lifetime_seconds,
                       const BkBootTime *now,
                       GError **error)
{
  g_autoptr (BkTicket) ticket =
      bk_ticket_id_is_valid (id)
          ? bk_ticket_record_read (store->dirfd, id, BK_TICKET_RECORD_READY, NULL)
          : NULL;

  if (ticket == NULL || ticket->kind != BK_TICKET_SESSION || !bk_ticket_is_alive (ticket, now))
    {
      g_autofree char *line = bk_error_one_line (id);

      bk_set_error (error, BK_ERROR_NOT_FOUND,
                    "There is no ticket “%s” to renew (any more). Ask for a new one", line);
      return FALSE;
    }
  ticket->expires_usecs = expiry (now, lifetime_seconds);
  return bk_ticket_record_replace (store->dirfd, ticket, error);
}

/**
 * bk_ticket_store_use:
 * @text: what was shown; hostile
 * @ticket: (out) (transfer full) (nullable): the ticket, when it is good
 *
 * Uses up what is good for one time. Of two processes that show such a one at the same time, one
 * succeeds, and calls bk_ticket_store_revoke() when what it was for is over. Until then others may.
 */
BkTicketVerdict
bk_ticket_store_use (BkTicketStore *store,
                     const char *text,
                     const BkTicketUse *use,
                     const BkBootTime *now,
                     BkTicket **ticket)
{
  char id[BK_TICKET_ID_LENGTH + 1];
  char secret_sha256[BK_SHA256_HEX_LENGTH + 1];

  *ticket = NULL;
  if (!bk_ticket_text_split (text, id, secret_sha256))
    return BK_TICKET_MALFORMED;

  g_autoptr (BkTicket) found =
      bk_ticket_record_read (store->dirfd, id, BK_TICKET_RECORD_READY, NULL);
  if (found == NULL)
    return BK_TICKET_UNKNOWN;
  BkTicketVerdict verdict = bk_ticket_check (found, secret_sha256, use, now);
  if (verdict == BK_TICKET_GOOD && found->kind == BK_TICKET_DOWNLOAD &&
      !bk_ticket_record_use_up (store->dirfd, id))
    return BK_TICKET_UNKNOWN;
  if (verdict == BK_TICKET_GOOD)
    *ticket = g_steal_pointer (&found);
  return verdict;
}

/**
 * bk_ticket_store_revoke:
 * @id: of a ticket that may be used, or of one that was used up for what still goes on
 *
 * Errors: %BK_ERROR_NOT_FOUND.
 */
gboolean
bk_ticket_store_revoke (BkTicketStore *store, const char *id, GError **error)
{
  if (bk_ticket_id_is_valid (id) &&
      (bk_ticket_record_remove (store->dirfd, id, BK_TICKET_RECORD_READY) ||
       bk_ticket_record_remove (store->dirfd, id, BK_TICKET_RECORD_USED)))
    return TRUE;
  g_autofree char *line = bk_error_one_line (id);
  bk_set_error (error, BK_ERROR_NOT_FOUND, "There is no ticket “%s” (any more)", line);
  return FALSE;
}

static guint
revoke_records (BkTicketStore *store, BkTicketRecord kind, guint32 uid, GError **error)
{
  g_autoptr (GPtrArray) ids = bk_ticket_record_list (store->dirfd, kind, error);
  guint count = 0;

  for (guint i = 0; ids != NULL && i < ids->len; i++)
    {
      const char *id = g_ptr_array_index (ids, i);
      g_autoptr (BkTicket) ticket = bk_ticket_record_read (store->dirfd, id, kind, NULL);

      if (ticket != NULL && ticket->uid == uid && bk_ticket_record_remove (store->dirfd, id, kind))
        count++;
    }
  return count;
}

/**
 * bk_ticket_store_revoke_all:
 *
 * Returns: how many of @uid's tickets were revoked, with those that were used up for what still goes on.
 */
guint
bk_ticket_store_revoke_all (BkTicketStore *store, guint32 uid, GError **error)
{
  g_autoptr (GError) local = NULL;
  /* In this order: what is used up in between is found all the same. */
  guint count = revoke_records (store, BK_TICKET_RECORD_READY, uid, &local);

  if (local == NULL)
    count += revoke_records (store, BK_TICKET_RECORD_USED, uid, &local);
  if (local != NULL)
    g_propagate_error (error, g_steal_pointer (&local));
  return count;
}

/**
 * bk_ticket_store_is_alive:
 *
 * Returns: whether the ticket was neither revoked nor has expired. One that was used up does not expire:
 *   a download may take hours.
 */
gboolean
bk_ticket_store_is_alive (BkTicketStore *store, const char *id, const BkBootTime *now)
{
  g_autoptr (BkTicket) ticket =
      bk_ticket_record_read (store->dirfd, id, BK_TICKET_RECORD_READY, NULL);

  if (ticket != NULL)
    return bk_ticket_is_alive (ticket, now);
  return bk_ticket_record_is_used_up (store->dirfd, id);
}

/**
 * bk_ticket_store_has_any:
 *
 * Returns: whether root lets @uid in at present.
 */
gboolean
bk_ticket_store_has_any (BkTicketStore *store, guint32 uid, const BkBootTime *now)
{
  g_autoptr (GPtrArray) ids = bk_ticket_record_list (store->dirfd, BK_TICKET_RECORD_READY, NULL);

  for (guint i = 0; ids != NULL && i < ids->len; i++)
    {
      g_autoptr (BkTicket) ticket = bk_ticket_record_read (store->dirfd, g_ptr_array_index (ids, i),
                                                           BK_TICKET_RECORD_READY, NULL);

      if (ticket != NULL && ticket->uid == uid && bk_ticket_is_alive (ticket, now))
        return TRUE;
    }
  return FALSE;
}

/**
 * bk_ticket_store_prune:
 *
 * Removes what is of an earlier start of the machine, has expired long ago, or cannot be read.
 */
void
bk_ticket_store_prune (BkTicketStore *store, const BkBootTime *now)
{
  g_autoptr (GPtrArray) ids = bk_ticket_record_list (store->dirfd, BK_TICKET_RECORD_READY, NULL);

  for (guint i = 0; ids != NULL && i < ids->len; i++)
    {
      const char *id = g_ptr_array_index (ids, i);
      g_autoptr (GError) error = NULL;
      g_autoptr (BkTicket) ticket =
          bk_ticket_record_read (store->dirfd, id, BK_TICKET_RECORD_READY, &error);

      if (ticket == NULL && !g_error_matches (error, BK_ERROR, BK_ERROR_INTEGRITY))
        continue;
      if (ticket == NULL || strcmp (ticket->boot_id, now->boot_id) != 0 ||
          ticket->expires_usecs + BK_TICKET_KEEP_DEAD_USECS < now->usecs)
        bk_ticket_record_remove (store->dirfd, id, BK_TICKET_RECORD_READY);
    }
}

/**
 * bk_ticket_store_drop_used:
 *
 * For whoever is the first to use tickets: what the one before had let in has ended with it.
 */
void
bk_ticket_store_drop_used (BkTicketStore *store)
{
  g_autoptr (GPtrArray) ids = bk_ticket_record_list (store->dirfd, BK_TICKET_RECORD_USED, NULL);

  for (guint i = 0; ids != NULL && i < ids->len; i++)
    bk_ticket_record_remove (store->dirfd, g_ptr_array_index (ids, i), BK_TICKET_RECORD_USED);
}
