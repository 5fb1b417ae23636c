#include "format/ticket-json.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
split (const char *text)
{
  char id[BK_TICKET_ID_LENGTH + 1];
  char secret_sha256[BK_SHA256_HEX_LENGTH + 1];

  if (!bk_ticket_text_split (text, id, secret_sha256))
    return;
  g_assert_cmpuint (strlen (text), ==, BK_TICKET_TEXT_LENGTH);
  g_assert_true (bk_ticket_id_is_valid (id));
  g_assert_true (g_str_has_prefix (text, id));
  g_assert_true (bk_sha256_is_hex (secret_sha256));
}

/* The bytes as a peer shows them, and as a record: what is read as one is written as one, and read as
 * the same again. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *shown = g_strndup (size == 0 ? "" : (const char *) data, size);

  split (shown);
  g_autoptr (BkTicket) ticket =
      bk_ticket_from_text (size == 0 ? "" : (const char *) data, size, NULL);
  if (ticket == NULL)
    return 0;

  g_autofree char *text = bk_ticket_to_text (ticket);
  g_assert_cmpuint (strlen (text), <=, BK_TICKET_RECORD_MAX_BYTES);
  g_autoptr (BkTicket) again = bk_ticket_from_text (text, strlen (text), NULL);
  g_assert_nonnull (again);
  g_autofree char *rewritten = bk_ticket_to_text (again);
  g_assert_cmpstr (text, ==, rewritten);
  return 0;
}
