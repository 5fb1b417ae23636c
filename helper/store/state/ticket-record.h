#pragma once

#include "model/ticket.h"

/*
 * The files of the tickets' directory, of which the store (store/state/ticket-store.h) makes tickets. A
 * record is ready until it is used up, and both by its name alone: whatever changes that is one rename()
 * or unlink(), of which one process succeeds.
 */

typedef enum
{
  BK_TICKET_RECORD_READY, /* <id>.json */
  BK_TICKET_RECORD_USED,  /* <id>.used: good for one time, and what it let in goes on */
} BkTicketRecord;

BkTicket *bk_ticket_record_read (int dirfd, const char *id, BkTicketRecord kind, GError **error);
GPtrArray *bk_ticket_record_list (int dirfd, BkTicketRecord kind, GError **error);
gboolean bk_ticket_record_write (int dirfd, const BkTicket *ticket, GError **error);
gboolean bk_ticket_record_replace (int dirfd, const BkTicket *ticket, GError **error);
gboolean bk_ticket_record_use_up (int dirfd, const char *id);
gboolean bk_ticket_record_is_used_up (int dirfd, const char *id);
gboolean bk_ticket_record_remove (int dirfd, const char *id, BkTicketRecord kind);
