#include "model/event.h"

#include "base/json-text.h"

#include <string.h>

struct _BkEventHasher
{
  BkSha256 *sha256;
  GByteArray *input;
  GString *canonical;
};

BkText
bk_text (const char *text)
{
  return (BkText){ text, text == NULL ? 0 : strlen (text) };
}

gboolean
bk_text_equal (const BkText *a, const BkText *b)
{
  return (a->data == NULL) == (b->data == NULL) && a->length_bytes == b->length_bytes &&
         (a->length_bytes == 0 || memcmp (a->data, b->data, a->length_bytes) == 0);
}

gboolean
bk_text_is (const BkText *text, const char *expected)
{
  BkText other = bk_text (expected);

  return bk_text_equal (text, &other);
}

/**
 * bk_text_dup:
 *
 * Returns: (transfer full) (nullable): a copy as a C string; %NULL where there is no text.
 */
char *
bk_text_dup (const BkText *text)
{
  return text->data == NULL ? NULL : g_strndup (text->data, text->length_bytes);
}

BkEventHasher *
bk_event_hasher_new (void)
{
  BkEventHasher *self = g_new0 (BkEventHasher, 1);

  self->sha256 = bk_sha256_new ();
  self->input = g_byte_array_sized_new (1024);
  self->canonical = g_string_sized_new (1024);
  return self;
}

void
bk_event_hasher_free (BkEventHasher *hasher)
{
  bk_sha256_free (hasher->sha256);
  g_byte_array_unref (hasher->input);
  g_string_free (hasher->canonical, TRUE);
  g_free (hasher);
}

static void
append_text (GByteArray *input, const BkText *text)
{
  g_byte_array_append (input, (const guint8 *) text->data, (guint) text->length_bytes);
}

static void
append_with_length (GByteArray *input, const BkText *text)
{
  guint32 length_le = GUINT32_TO_LE ((guint32) text->length_bytes);

  g_byte_array_append (input, (const guint8 *) &length_le, sizeof length_le);
  append_text (input, text);
}

static void
append_hashed_v0 (GByteArray *input, const BkEvent *event)
{
  const BkText *const fields[] = { &event->previous_hash, &event->timestamp, &event->actor,
                                   &event->evento,        &event->entidade,  &event->entidade_id,
                                   &event->payload_hash };

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      if (i > 0)
        g_byte_array_append (input, (const guint8 *) "|", 1);
      append_text (input, fields[i]);
    }
}

static void
append_hashed_v1 (GByteArray *input, const BkEvent *event)
{
  char seq[24];
  int seq_length = g_snprintf (seq, sizeof seq, "%" G_GUINT64_FORMAT, event->seq);
  BkText seq_text = { seq, (gsize) seq_length };
  const BkText *const fields[] = { &event->previous_hash, &event->timestamp, &event->actor,
                                   &event->evento,        &event->entidade,  &event->entidade_id,
                                   &event->payload_hash,  &seq_text,         &event->id };

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    append_with_length (input, fields[i]);
}

/**
 * bk_event_hasher_event:
 * @hex: (out): what current_hash must be
 *
 * The rule is that of @event's hash_version:
 *
 * 0: SHA-256 of previous_hash|timestamp|actor|evento|entidade|entidade_id|payload_hash, joined by
 *    '|', nothing for a missing previous_hash. What existing logs have.
 * 1: SHA-256 of the same fields, then seq in decimal, then id, each after its length in bytes as 32
 *    bits, least significant byte first. No delimiter can be moved, and id and order are covered.
 *
 * Returns: %FALSE if the version is not known.
 */
gboolean
bk_event_hasher_event (BkEventHasher *hasher,
                       const BkEvent *event,
                       char hex[BK_SHA256_HEX_LENGTH + 1])
{
  g_byte_array_set_size (hasher->input, 0);
  if (event->hash_version == 0)
    append_hashed_v0 (hasher->input, event);
  else if (event->hash_version == 1)
    append_hashed_v1 (hasher->input, event);
  else
    return FALSE;

  bk_sha256_reset (hasher->sha256);
  bk_sha256_update (hasher->sha256, hasher->input->data, hasher->input->len);
  bk_sha256_finish_hex_into (hasher->sha256, hex);
  return TRUE;
}

/**
 * bk_event_hasher_payload:
 * @canonical: JSON as bk_json_append_canonical() makes it
 * @hex: (out): the payload_hash
 */
void
bk_event_hasher_payload (BkEventHasher *hasher,
                         const BkText *canonical,
                         char hex[BK_SHA256_HEX_LENGTH + 1])
{
  bk_sha256_reset (hasher->sha256);
  bk_sha256_update (hasher->sha256, canonical->data, canonical->length_bytes);
  bk_sha256_finish_hex_into (hasher->sha256, hex);
}

/**
 * bk_event_hasher_payload_matches:
 *
 * Returns: whether @event's payload is the one of its payload_hash. It mostly stands there in
 *   canonical form already, so that is tried first.
 */
gboolean
bk_event_hasher_payload_matches (BkEventHasher *hasher, const BkEvent *event)
{
  char hex[BK_SHA256_HEX_LENGTH + 1];

  bk_event_hasher_payload (hasher, &event->payload, hex);
  if (bk_text_is (&event->payload_hash, hex))
    return TRUE;

  g_string_truncate (hasher->canonical, 0);
  if (!bk_json_append_canonical (hasher->canonical, event->payload.data,
                                 event->payload.length_bytes, NULL))
    return FALSE;
  BkText canonical = { hasher->canonical->str, hasher->canonical->len };
  bk_event_hasher_payload (hasher, &canonical, hex);
  return bk_text_is (&event->payload_hash, hex);
}
