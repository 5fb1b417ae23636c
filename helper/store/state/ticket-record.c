#include "store/state/ticket-record.h"

#include "base/atomic-file.h"
#include "base/error.h"
#include "base/path.h"
#include "format/ticket-json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const suffixes[] = {
  [BK_TICKET_RECORD_READY] = ".json",
  [BK_TICKET_RECORD_USED] = ".used",
};

static char *
name_of (const char *id, BkTicketRecord kind)
{
  return g_strconcat (id, suffixes[kind], NULL);
}

/**
 * bk_ticket_record_read:
 *
 * Errors: %BK_ERROR_NOT_FOUND; %BK_ERROR_INTEGRITY for a record that cannot be read, or is another's.
 *
 * Returns: (transfer full) (nullable): the ticket.
 */
BkTicket *
bk_ticket_record_read (int dirfd, const char *id, BkTicketRecord kind, GError **error)
{
  g_autofree char *name = name_of (id, kind);
  g_autoptr (GBytes) bytes = bk_read_small_file (dirfd, name, BK_TICKET_RECORD_MAX_BYTES, error);

  if (bytes == NULL)
    return NULL;
  gsize length_bytes;
  const char *text = g_bytes_get_data (bytes, &length_bytes);
  g_autoptr (BkTicket) ticket = bk_ticket_from_text (text != NULL ? text : "", length_bytes, error);
  if (ticket != NULL && strcmp (ticket->id, id) != 0)
    {
      bk_set_error (error, BK_ERROR_INTEGRITY, "The ticket “%s” is another's", id);
      return NULL;
    }
  return g_steal_pointer (&ticket);
}

/**
 * bk_ticket_record_list:
 *
 * Returns: (transfer full) (element-type utf8) (nullable): the ids of all there are; files of other
 *   names are passed over.
 */
GPtrArray *
bk_ticket_record_list (int dirfd, BkTicketRecord kind, GError **error)
{
  g_autoptr (GPtrArray) names = bk_list_directory (dirfd, error);
  g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
  const char *suffix = suffixes[kind];

  for (guint i = 0; names != NULL && i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      g_autofree char *id = g_str_has_suffix (name, suffix)
                                ? g_strndup (name, strlen (name) - strlen (suffix))
                                : NULL;

      if (id != NULL && bk_ticket_id_is_valid (id))
        g_ptr_array_add (ids, g_steal_pointer (&id));
    }
  return names == NULL ? NULL : g_steal_pointer (&ids);
}

/**
 * bk_ticket_record_write:
 *
 * Makes the record of a new ticket, whole or not at all. It need not outlive the machine's run.
 */
gboolean
bk_ticket_record_write (int dirfd, const BkTicket *ticket, GError **error)
{
  g_autofree char *name = name_of (ticket->id, BK_TICKET_RECORD_READY);
  g_autofree char *text = bk_ticket_to_text (ticket);

  return bk_atomic_write_volatile (dirfd, name, text, strlen (text), 0600, error);
}

/**
 * bk_ticket_record_replace:
 *
 * A revocation between the look and the write must win: the new record changes places with the old
 * one, which fails where there is none any more.
 */
gboolean
bk_ticket_record_replace (int dirfd, const BkTicket *ticket, GError **error)
{
  g_autofree char *name = name_of (ticket->id, BK_TICKET_RECORD_READY);
  g_autofree char *temporary =
      g_strdup_printf (BK_TEMPORARY_PREFIX "%s-%08x", ticket->id, g_random_int ());
  g_autofree char *text = bk_ticket_to_text (ticket);

  if (!bk_atomic_write_volatile (dirfd, temporary, text, strlen (text), 0600, error))
    return FALSE;
  int outcome = renameat2 (dirfd, temporary, dirfd, name, RENAME_EXCHANGE);
  int errnum = errno;
  unlinkat (dirfd, temporary, 0);
  return outcome == 0 ||
         bk_error_set_errno (error, errnum, "The ticket “%s” cannot be renewed", ticket->id);
}

/**
 * bk_ticket_record_use_up:
 *
 * Returns: whether it was ready until now; of several processes one gets %TRUE.
 */
gboolean
bk_ticket_record_use_up (int dirfd, const char *id)
{
  g_autofree char *name = name_of (id, BK_TICKET_RECORD_READY);
  g_autofree char *used = name_of (id, BK_TICKET_RECORD_USED);

  return renameat (dirfd, name, dirfd, used) == 0;
}

/**
 * bk_ticket_record_is_used_up:
 *
 * Returns: whether what it let in goes on.
 */
gboolean
bk_ticket_record_is_used_up (int dirfd, const char *id)
{
  g_autofree char *used = name_of (id, BK_TICKET_RECORD_USED);

  return faccessat (dirfd, used, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/**
 * bk_ticket_record_remove:
 *
 * Returns: whether it was there.
 */
gboolean
bk_ticket_record_remove (int dirfd, const char *id, BkTicketRecord kind)
{
  g_autofree char *name = name_of (id, kind);

  return unlinkat (dirfd, name, 0) == 0;
}
