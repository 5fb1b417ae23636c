/* An event: its members, reading and writing it. What is JSON of any kind is in json-cursor.c, the
 * names of the files in event-segment-name.c. */
#include "format/event-segment.h"

#include "base/error.h"
#include "base/gettext.h"
#include "base/json-text.h"
#include "base/quantity.h"
#include "format/json-cursor.h"

#include <string.h>

typedef enum
{
  STATE_ARRAY, /* before '[' */
  STATE_FIRST, /* after it: an event or ']' */
  STATE_COMMA, /* after an event: ',' or ']' */
  STATE_EVENT, /* after a comma */
  STATE_DONE,
} State;

struct _BkEventParser
{
  State state;
  GByteArray *buffer;  /* what was fed and is not an event yet */
  GByteArray *scratch; /* decoded strings of the current event */
  gsize used;          /* of scratch */
  guint64 offset;      /* in the segment, of the buffer's first byte */
};

BkEventParser *
bk_event_parser_new (void)
{
  BkEventParser *self = g_new0 (BkEventParser, 1);

  self->buffer = g_byte_array_new ();
  self->scratch = g_byte_array_new ();
  return self;
}

void
bk_event_parser_free (BkEventParser *parser)
{
  g_byte_array_unref (parser->buffer);
  g_byte_array_unref (parser->scratch);
  g_free (parser);
}

/* scratch has room for the whole buffer, and decoding never lengthens, so it never moves. */
static gboolean
take_text (BkEventParser *parser, BkJsonCursor *cursor, BkText *text)
{
  gboolean escaped;

  if (!bk_json_take_string (cursor, text, &escaped))
    return FALSE;
  if (escaped)
    {
      char *out = (char *) parser->scratch->data + parser->used;

      text->length_bytes = bk_json_unescape (text->data, text->length_bytes, out);
      text->data = out;
      parser->used += text->length_bytes;
    }
  return TRUE;
}

static const struct
{
  const char *name;
  gsize length_bytes;
  gsize offset;
} text_members[] = {
#define MEMBER(field)                                                                              \
  {                                                                                                \
#field, sizeof #field - 1, G_STRUCT_OFFSET(BkEvent, field)                                     \
  }
  MEMBER (id),           MEMBER (timestamp),     MEMBER (actor),
  MEMBER (evento),       MEMBER (entidade),      MEMBER (entidade_id),
  MEMBER (payload_hash), MEMBER (previous_hash), MEMBER (current_hash),
#undef MEMBER
};

enum
{
  PREVIOUS_HASH = 7, /* in text_members */
  HASH_VERSION = G_N_ELEMENTS (text_members),
  SEQ,
  PAYLOAD,
  MEMBERS_COUNT,
};

/* All that an event must have. */
#define MEMBERS_NEEDED ((1u << G_N_ELEMENTS (text_members)) - 1)

static guint
member_index (const BkText *name, guint expected)
{
  /* They mostly come in the order of the table. */
  for (guint i = 0; i < G_N_ELEMENTS (text_members); i++)
    {
      guint at = (expected + i) % G_N_ELEMENTS (text_members);

      if (text_members[at].length_bytes == name->length_bytes &&
          memcmp (text_members[at].name, name->data, name->length_bytes) == 0)
        return at;
    }
  if (bk_text_is (name, "hash_version"))
    return HASH_VERSION;
  if (bk_text_is (name, "seq"))
    return SEQ;
  return bk_text_is (name, "payload") ? PAYLOAD : MEMBERS_COUNT;
}

static gboolean
take_member_value (BkEventParser *parser, BkJsonCursor *cursor, guint member, BkEvent *event)
{
  const char *start = cursor->at;

  if (member == PREVIOUS_HASH && cursor->at < cursor->end && *cursor->at == 'n')
    return bk_json_take_word (cursor, "null");
  if (member < G_N_ELEMENTS (text_members))
    return take_text (parser, cursor, G_STRUCT_MEMBER_P (event, text_members[member].offset));
  if (member == HASH_VERSION)
    return bk_json_take_count (cursor, &event->hash_version);
  if (member == SEQ)
    return bk_json_take_count (cursor, &event->seq);
  if (!bk_json_take_value (cursor, BK_EVENT_DEPTH_MAX - 1))
    return FALSE;
  if (member == PAYLOAD)
    event->payload = (BkText){ start, (gsize) (cursor->at - start) };
  else
    event->has_more = TRUE;
  return TRUE;
}

static gboolean
take_event (BkEventParser *parser, BkJsonCursor *cursor, BkEvent *event)
{
  guint seen = 0;
  guint member = 0;
  BkText name;

  memset (event, 0, sizeof *event);
  parser->used = 0;
  if (!bk_json_take (cursor, '{'))
    return FALSE;
  do
    {
      if (!bk_json_skip_space (cursor) || !take_text (parser, cursor, &name) ||
          !bk_json_skip_space (cursor) || !bk_json_take (cursor, ':') ||
          !bk_json_skip_space (cursor))
        return FALSE;
      guint expected = member;
      member = member_index (&name, expected);
      if (member < MEMBERS_COUNT && (seen & 1u << member) != 0)
        return FALSE;
      seen |= 1u << member;
      if (!take_member_value (parser, cursor, member, event) || !bk_json_skip_space (cursor))
        return FALSE;
      member = member < MEMBERS_COUNT ? member + 1 : expected;
    }
  while (bk_json_take (cursor, ','));
  return bk_json_take (cursor, '}') && (seen & MEMBERS_NEEDED) == MEMBERS_NEEDED;
}

static gboolean
malformed (BkEventParser *parser, const BkJsonCursor *cursor, const char *what, GError **error)
{
  guint64 at = parser->offset + (guint64) (cursor->at - (const char *) parser->buffer->data);

  bk_set_error (error, BK_ERROR_INTEGRITY, "%s at byte %s", what, BK_DIGITS (at));
  return FALSE;
}

static void
reserve_scratch (BkEventParser *parser, gsize length_bytes)
{
  if (parser->scratch->len < length_bytes)
    g_byte_array_set_size (parser->scratch, (guint) length_bytes);
}

/* One byte of the array around the events, or one event. Returns: %FALSE at the end of the data and
 * at an error, which is then set. */
static gboolean
step (BkEventParser *parser,
      BkJsonCursor *cursor,
      BkEventFunc func,
      gpointer user_data,
      GError **error)
{
  BkEvent event;

  if (!bk_json_skip_space (cursor))
    return FALSE;
  switch (parser->state)
    {
    case STATE_ARRAY:
      parser->state = STATE_FIRST;
      return bk_json_take (cursor, '[') ||
             malformed (parser, cursor, _ ("No JSON array begins"), error);
    case STATE_COMMA:
    case STATE_FIRST:
      if (bk_json_take (cursor, ']'))
        {
          parser->state = STATE_DONE;
          return TRUE;
        }
      if (parser->state == STATE_COMMA)
        {
          parser->state = STATE_EVENT;
          return bk_json_take (cursor, ',') ||
                 malformed (parser, cursor, _ ("No comma stands"), error);
        }
      break;
    case STATE_DONE:
      return malformed (parser, cursor, _ ("Something follows the array"), error);
    case STATE_EVENT:
      break;
    }

  const char *start = cursor->at;
  if (!take_event (parser, cursor, &event))
    {
      gboolean wait = cursor->short_of_data && cursor->end - start <= BK_EVENT_MAX_BYTES;

      cursor->short_of_data = wait;
      if (!wait)
        return malformed (parser, cursor, _ ("No event that can be read stands"), error);
      cursor->at = start;
      return FALSE;
    }
  parser->state = STATE_COMMA;
  func (&event, user_data);
  return TRUE;
}

/**
 * bk_event_parser_feed:
 * @data: the next bytes of the segment, as many as there are; hostile
 * @func: called for each event that they complete
 *
 * Errors: %BK_ERROR_INTEGRITY when the segment is not of the format; it takes no more data then.
 */
gboolean
bk_event_parser_feed (BkEventParser *parser,
                      const void *data,
                      gsize length_bytes,
                      BkEventFunc func,
                      gpointer user_data,
                      GError **error)
{
  g_autoptr (GError) local_error = NULL;

  g_byte_array_append (parser->buffer, data, (guint) length_bytes);
  reserve_scratch (parser, parser->buffer->len);

  const char *start = (const char *) parser->buffer->data;
  BkJsonCursor cursor = { start, start + parser->buffer->len, FALSE };

  while (step (parser, &cursor, func, user_data, &local_error))
    cursor.short_of_data = FALSE;
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  gsize consumed = (gsize) (cursor.at - start);
  parser->offset += consumed;
  g_byte_array_remove_range (parser->buffer, 0, (guint) consumed);
  return TRUE;
}

/**
 * bk_event_parser_end:
 *
 * Says that the segment has no more bytes.
 *
 * Errors: %BK_ERROR_INTEGRITY if the array is not closed.
 */
gboolean
bk_event_parser_end (BkEventParser *parser, GError **error)
{
  if (parser->state == STATE_DONE)
    return TRUE;
  bk_set_error (error, BK_ERROR_INTEGRITY, "It ends in mid-array, after byte %s",
                BK_DIGITS (parser->offset + parser->buffer->len));
  return FALSE;
}

/**
 * bk_event_parser_parse_first:
 * @text: one event, and perhaps more; hostile
 * @event: (out): its texts lie in @text and in @parser until that is used again
 *
 * Returns: how long the event at the beginning of @text is; 0 if none stands there.
 */
gsize
bk_event_parser_parse_first (BkEventParser *parser,
                             const char *text,
                             gsize length_bytes,
                             BkEvent *event)
{
  BkJsonCursor cursor = { text, text + length_bytes, FALSE };

  reserve_scratch (parser, length_bytes);
  return take_event (parser, &cursor, event) ? (gsize) (cursor.at - text) : 0;
}

static void
append_member (GString *out, const char *name, const BkText *value)
{
  g_string_append_printf (out, ",\"%s\":", name);
  bk_json_append_string (out, value->data, value->length_bytes);
}

/**
 * bk_event_append_json:
 * @event: all its texts are UTF-8, its payload is canonical JSON
 *
 * Appends it as one line without a line end.
 */
void
bk_event_append_json (GString *out, const BkEvent *event)
{
  g_string_append (out, "{\"id\":");
  bk_json_append_string (out, event->id.data, event->id.length_bytes);
  for (guint i = 1; i < G_N_ELEMENTS (text_members); i++)
    {
      const BkText *text = G_STRUCT_MEMBER_P (event, text_members[i].offset);

      if (text->data == NULL)
        g_string_append_printf (out, ",\"%s\":null", text_members[i].name);
      else
        append_member (out, text_members[i].name, text);
    }
  if (event->hash_version > 0)
    g_string_append_printf (out,
                            ",\"hash_version\":%" G_GUINT64_FORMAT ",\"seq\":%" G_GUINT64_FORMAT,
                            event->hash_version, event->seq);
  if (event->payload.data != NULL)
    {
      g_string_append (out, ",\"payload\":");
      g_string_append_len (out, event->payload.data, (gssize) event->payload.length_bytes);
    }
  g_string_append_c (out, '}');
}
