#include "model/event.h"

#include "base/json-text.h"

#include <string.h>

/* Version 0 covers the first seven of the fields that version 1 covers. */
#define FIELDS_OF_V0 7

struct _BkEventHasher
{
  BkSha256 *sha256;
  GByteArray *input;
  GString *canonical;
};

/**
 * bk_text:
 * @text: (nullable): has to outlive what is returned
 */
BkText
bk_text (const char *text)
{
  return (BkText){ text, text == NULL ? 0 : strlen (text) };
}

/**
 * bk_text_equal:
 *
 * Returns: whether both are absent, or both the same bytes.
 */
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

static guint8 *
put_text (guint8 *at, const BkText *text)
{
  if (text->length_bytes > 0)
    memcpy (at, text->data, text->length_bytes);
  return at + text->length_bytes;
}

static guint8 *
put_with_length (guint8 *at, const BkText *text)
{
  guint32 length_le = GUINT32_TO_LE ((guint32) text->length_bytes);

  memcpy (at, &length_le, sizeof length_le);
  return put_text (at + sizeof length_le, text);
}

static gsize
put_hashed_v0 (guint8 *start, const BkText *fields, guint fields_count)
{
  guint8 *at = start;

  for (guint i = 0; i < fields_count; i++)
    {
      if (i > 0)
        *at++ = '|';
      at = put_text (at, &fields[i]);
    }
  return (gsize) (at - start);
}

static gsize
put_hashed_v1 (guint8 *start, const BkText *fields, guint fields_count)
{
  guint8 *at = start;

  for (guint i = 0; i < fields_count; i++)
    at = put_with_length (at, &fields[i]);
  return (gsize) (at - start);
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
  char seq[24];
  int seq_length = g_snprintf (seq, sizeof seq, "%" G_GUINT64_FORMAT, event->seq);
  const BkText fields[] = { event->previous_hash,
                            event->timestamp,
                            event->actor,
                            event->evento,
                            event->entidade,
                            event->entidade_id,
                            event->payload_hash,
                            { seq, (gsize) seq_length },
                            event->id };
  gsize room_bytes = 0;

  if (event->hash_version > BK_EVENT_HASH_VERSION_MAX)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    room_bytes += sizeof (guint32) + fields[i].length_bytes;
  if (hasher->input->len < room_bytes)
    g_byte_array_set_size (hasher->input, (guint) room_bytes);

  gsize length_bytes = event->hash_version == 0
                           ? put_hashed_v0 (hasher->input->data, fields, FIELDS_OF_V0)
                           : put_hashed_v1 (hasher->input->data, fields, G_N_ELEMENTS (fields));

  bk_sha256_reset (hasher->sha256);
  bk_sha256_update (hasher->sha256, hasher->input->data, length_bytes);
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
