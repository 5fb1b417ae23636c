#pragma once

#include "model/ticket.h"

/*
 * <runtime_dir>/tickets/, root's only: <id>.json is the record of one ticket. One that is good for one
 * time is used up when it becomes <id>.used, which only one of several processes can do, and stays that
 * while what it let in goes on. Either is revoked by its removal.
 */

/* Beyond this somebody issues them in a loop. */
#define BK_TICKETS_MAX_COUNT 2048

typedef struct _BkTicketStore BkTicketStore;

/* What is asked for. Everything in it is borrowed. */
typedef struct
{
  guint32 uid;
  guint lifetime_seconds;
  const char *operation; /* these two: (nullable): of a download; a session's has none */
  const char *args_sha256;
} BkTicketRequest;

BkTicketStore *bk_ticket_store_open (const char *runtime_dir, GError **error);
void bk_ticket_store_free (BkTicketStore *store);
int bk_ticket_store_fd (BkTicketStore *store);

char *bk_ticket_store_issue (BkTicketStore *store,
                             const BkTicketRequest *request,
                             const BkBootTime *now,
                             GError **error);
gboolean bk_ticket_store_renew (BkTicketStore *store,
                                const char *id,
                                guint lifetime_seconds,
                                const BkBootTime *now,
                                GError **error);
BkTicketVerdict bk_ticket_store_use (BkTicketStore *store,
                                     const char *text,
                                     const BkTicketUse *use,
                                     const BkBootTime *now,
                                     BkTicket **ticket);
gboolean bk_ticket_store_revoke (BkTicketStore *store, const char *id, GError **error);
guint bk_ticket_store_revoke_all (BkTicketStore *store, guint32 uid, GError **error);
gboolean bk_ticket_store_is_alive (BkTicketStore *store, const char *id, const BkBootTime *now);
gboolean bk_ticket_store_has_any (BkTicketStore *store, guint32 uid, const BkBootTime *now);
void bk_ticket_store_drop_used (BkTicketStore *store);
void bk_ticket_store_prune (BkTicketStore *store, const BkBootTime *now);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkTicketStore, bk_ticket_store_free)
