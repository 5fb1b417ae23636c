#pragma once

#include "base/boot-time.h"
#include "base/digest.h"

/*
 * Tickets: what lets a user who is not root use the service. Root issues one for one user; the page
 * shows it in its `open`.
 *
 *   text   = id "-" secret
 *   id     = 16 lowercase hexadecimal digits: names the ticket, is no secret
 *   secret = 64 of them: 256 random bits
 *
 * Kept is the secret's SHA-256 only. No I/O and no clock here.
 */

#define BK_TICKET_ID_LENGTH 16
#define BK_TICKET_SECRET_LENGTH 64
#define BK_TICKET_TEXT_LENGTH (BK_TICKET_ID_LENGTH + 1 + BK_TICKET_SECRET_LENGTH)

/* How long one is good for, unless it is renewed. */
#define BK_TICKET_LIFETIME_SECONDS 300
#define BK_TICKET_LIFETIME_MIN_SECONDS 1
#define BK_TICKET_LIFETIME_MAX_SECONDS 3600

/* A dead one is kept for so long, to tell "expired" from "there was never such a one". */
#define BK_TICKET_KEEP_DEAD_USECS (10 * G_TIME_SPAN_MINUTE)

typedef enum
{
  BK_TICKET_SESSION,  /* for everything, as often as wanted, until it expires */
  BK_TICKET_DOWNLOAD, /* for one operation with these arguments, once */
} BkTicketKind;

typedef struct
{
  char *id;
  char *secret_sha256; /* hex */
  BkTicketKind kind;
  guint32 uid;
  char *boot_id;
  gint64 expires_usecs; /* of the clock of that start */
  char *operation;      /* these two: (nullable), of a download */
  char *args_sha256;
} BkTicket;

/* What somebody wants to do with a ticket. Everything in it is borrowed. */
typedef struct
{
  guint32 uid;
  const char *operation;
  const char *args_sha256; /* see bk_ticket_args_sha256() in format/ticket-json.h */
} BkTicketUse;

typedef enum
{
  BK_TICKET_GOOD,
  BK_TICKET_MALFORMED, /* no ticket is written like that */
  BK_TICKET_UNKNOWN,   /* never issued, revoked, used up, or the secret is wrong */
  BK_TICKET_OTHER_USER,
  BK_TICKET_EXPIRED,
  BK_TICKET_OTHER_USE,
} BkTicketVerdict;

void bk_ticket_free (BkTicket *ticket);
const char *bk_ticket_kind_to_string (BkTicketKind kind);
gboolean bk_ticket_kind_from_string (const char *text, BkTicketKind *kind);

gboolean bk_ticket_id_is_valid (const char *id);
gboolean bk_ticket_text_split (const char *text,
                               char id[BK_TICKET_ID_LENGTH + 1],
                               char secret_sha256[BK_SHA256_HEX_LENGTH + 1]);
char *bk_ticket_text_new (const char *id, const guint8 secret[BK_SHA256_BYTES]);
gboolean bk_ticket_is_alive (const BkTicket *ticket, const BkBootTime *now);
BkTicketVerdict bk_ticket_check (const BkTicket *ticket,
                                 const char *secret_sha256,
                                 const BkTicketUse *use,
                                 const BkBootTime *now);
const char *bk_ticket_verdict_to_string (BkTicketVerdict verdict);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkTicket, bk_ticket_free)
