#include "model/ticket.h"

#include <openssl/crypto.h>
#include <string.h>

static const char *const kinds[] = {
  [BK_TICKET_SESSION] = "session",
  [BK_TICKET_DOWNLOAD] = "download",
};

static const char *const verdicts[] = {
  [BK_TICKET_GOOD] = "good",       [BK_TICKET_MALFORMED] = "malformed",
  [BK_TICKET_UNKNOWN] = "unknown", [BK_TICKET_OTHER_USER] = "other-user",
  [BK_TICKET_EXPIRED] = "expired", [BK_TICKET_OTHER_USE] = "other-use",
};

void
bk_ticket_free (BkTicket *ticket)
{
  g_free (ticket->id);
  g_free (ticket->secret_sha256);
  g_free (ticket->boot_id);
  g_free (ticket->operation);
  g_free (ticket->args_sha256);
  g_free (ticket);
}

const char *
bk_ticket_kind_to_string (BkTicketKind kind)
{
  return kinds[kind];
}

gboolean
bk_ticket_kind_from_string (const char *text, BkTicketKind *kind)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      if (strcmp (kinds[i], text) == 0)
        {
          *kind = (BkTicketKind) i;
          return TRUE;
        }
    }
  return FALSE;
}

/* Says nothing about a secret: only what every ticket looks like. */
static gboolean
is_lower_hex (const char *text, gsize length)
{
  for (gsize i = 0; i < length; i++)
    {
      if (!g_ascii_isdigit (text[i]) && (text[i] < 'a' || text[i] > 'f'))
        return FALSE;
    }
  return TRUE;
}

/**
 * bk_ticket_id_is_valid:
 * @id: hostile until checked: it becomes a file's name
 */
gboolean
bk_ticket_id_is_valid (const char *id)
{
  return strlen (id) == BK_TICKET_ID_LENGTH && is_lower_hex (id, BK_TICKET_ID_LENGTH);
}

/**
 * bk_ticket_text_split:
 * @text: hostile
 * @id: (out): what names the ticket
 * @secret_sha256: (out): of the rest
 *
 * Returns: whether @text is written as a ticket is.
 */
gboolean
bk_ticket_text_split (const char *text,
                      char id[BK_TICKET_ID_LENGTH + 1],
                      char secret_sha256[BK_SHA256_HEX_LENGTH + 1])
{
  const char *secret = text + BK_TICKET_ID_LENGTH + 1;
  g_autoptr (BkSha256) sha256 = NULL;

  if (strnlen (text, BK_TICKET_TEXT_LENGTH + 1) != BK_TICKET_TEXT_LENGTH ||
      !is_lower_hex (text, BK_TICKET_ID_LENGTH) || text[BK_TICKET_ID_LENGTH] != '-' ||
      !is_lower_hex (secret, BK_TICKET_SECRET_LENGTH))
    return FALSE;
  memcpy (id, text, BK_TICKET_ID_LENGTH);
  id[BK_TICKET_ID_LENGTH] = '\0';
  sha256 = bk_sha256_new ();
  bk_sha256_update (sha256, secret, BK_TICKET_SECRET_LENGTH);
  bk_sha256_finish_hex_into (sha256, secret_sha256);
  return TRUE;
}

/**
 * bk_ticket_text_new:
 * @id: a valid one
 * @secret: 256 random bits
 *
 * Returns: (transfer full): what the user shows.
 */
char *
bk_ticket_text_new (const char *id, const guint8 secret[BK_SHA256_BYTES])
{
  GString *text = g_string_sized_new (BK_TICKET_TEXT_LENGTH);

  g_string_append_printf (text, "%s-", id);
  for (guint i = 0; i < BK_SHA256_BYTES; i++)
    g_string_append_printf (text, "%02x", secret[i]);
  return g_string_free (text, FALSE);
}

/**
 * bk_ticket_is_alive:
 *
 * Returns: whether @ticket is of this start of the machine, and has not expired.
 */
gboolean
bk_ticket_is_alive (const BkTicket *ticket, const BkBootTime *now)
{
  return strcmp (ticket->boot_id, now->boot_id) == 0 && now->usecs < ticket->expires_usecs;
}

/**
 * bk_ticket_check:
 * @secret_sha256: of the secret that was shown
 *
 * Compares in a time that does not depend on where the two differ. Nothing about a ticket is said to
 * one who does not have its secret.
 *
 * Returns: whether @use may be made of @ticket, or why not.
 */
BkTicketVerdict
bk_ticket_check (const BkTicket *ticket,
                 const char *secret_sha256,
                 const BkTicketUse *use,
                 const BkBootTime *now)
{
  if (CRYPTO_memcmp (ticket->secret_sha256, secret_sha256, BK_SHA256_HEX_LENGTH) != 0)
    return BK_TICKET_UNKNOWN;
  if (ticket->uid != use->uid)
    return BK_TICKET_OTHER_USER;
  if (!bk_ticket_is_alive (ticket, now))
    return BK_TICKET_EXPIRED;
  if (ticket->kind == BK_TICKET_DOWNLOAD &&
      (g_strcmp0 (ticket->operation, use->operation) != 0 ||
       g_strcmp0 (ticket->args_sha256, use->args_sha256) != 0))
    return BK_TICKET_OTHER_USE;
  return BK_TICKET_GOOD;
}

/**
 * bk_ticket_verdict_to_string:
 *
 * Returns: the word for the event log.
 */
const char *
bk_ticket_verdict_to_string (BkTicketVerdict verdict)
{
  return verdicts[verdict];
}
