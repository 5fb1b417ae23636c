#include "format/event-segment.h"

#include "base/error.h"
#include "base/json-text.h"

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

/* A reading position. When it fails, short_of_data says whether more bytes could have helped. */
typedef struct
{
  const char *at;
  const char *end;
  gboolean short_of_data;
  BkEventParser *parser;
} Cursor;

/* In a string: 1 ends it or must be looked at, 2 is the part of a character beyond ASCII. */
static guint8 string_classes[256];

static void
init_classes (void)
{
  static gsize done;

  if (!g_once_init_enter (&done))
    return;
  for (guint i = 0; i < 256; i++)
    string_classes[i] = (i < 0x20 || i == '"' || i == '\\') ? 1 : i >= 0x80 ? 2 : 0;
  g_once_init_leave (&done, 1);
}

BkEventParser *
bk_event_parser_new (void)
{
  BkEventParser *self = g_new0 (BkEventParser, 1);

  init_classes ();
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

static gboolean
run_out (Cursor *cursor)
{
  cursor->short_of_data = TRUE;
  return FALSE;
}

static inline gboolean
skip_space (Cursor *cursor)
{
  while (cursor->at < cursor->end)
    {
      char c = *cursor->at;

      if (c != ' ' && c != '\n' && c != '\t' && c != '\r')
        return TRUE;
      cursor->at++;
    }
  return run_out (cursor);
}

static inline gboolean
take (Cursor *cursor, char c)
{
  if (cursor->at == cursor->end)
    return run_out (cursor);
  if (*cursor->at != c)
    return FALSE;
  cursor->at++;
  return TRUE;
}

static gboolean
take_escape (Cursor *cursor)
{
  if (cursor->end - cursor->at < 2)
    return run_out (cursor);

  char kind = cursor->at[1];
  cursor->at += 2;
  if (kind != 'u')
    return kind != '\0' && strchr ("\"\\/bfnrt", kind) != NULL;
  for (guint i = 0; i < 4; i++, cursor->at++)
    {
      if (cursor->at == cursor->end)
        return run_out (cursor);
      if (!g_ascii_isxdigit (*cursor->at))
        return FALSE;
    }
  return TRUE;
}

#define EACH_BYTE(c) (G_GUINT64_CONSTANT (0x0101010101010101) * (c))
#define TOP_BITS EACH_BYTE (0x80)

/* Passes over eight bytes at a time as long as none of them ends a string or is of class 1. A bit too
 * many in the test only ends the run early. */
static inline void
skip_plain (Cursor *cursor, guint8 *high)
{
  guint64 seen = 0;

  while (cursor->end - cursor->at >= 8)
    {
      guint64 word;

      memcpy (&word, cursor->at, sizeof word);
      guint64 quote = word ^ EACH_BYTE ('"');
      guint64 escape = word ^ EACH_BYTE ('\\');
      guint64 special = ((quote - EACH_BYTE (1)) & ~quote) | ((escape - EACH_BYTE (1)) & ~escape) |
                        ((word - EACH_BYTE (0x20)) & ~word);
      if ((special & TOP_BITS) != 0)
        break;
      seen |= word;
      cursor->at += 8;
    }
  if ((seen & TOP_BITS) != 0)
    *high = 2;
}

/* @raw: (out): what stands between the quotes. */
static gboolean
take_string (Cursor *cursor, BkText *raw, gboolean *escaped)
{
  guint8 high = 0;

  if (!take (cursor, '"'))
    return FALSE;
  raw->data = cursor->at;
  *escaped = FALSE;
  while (TRUE)
    {
      guint8 class = 0;

      skip_plain (cursor, &high);
      while (cursor->at < cursor->end && (class = string_classes[(guint8) *cursor->at]) != 1)
        {
          high |= class;
          cursor->at++;
        }
      if (cursor->at == cursor->end)
        return run_out (cursor);
      if (*cursor->at == '"')
        break;
      *escaped = TRUE;
      if (*cursor->at != '\\' || !take_escape (cursor))
        return FALSE;
    }
  raw->length_bytes = (gsize) (cursor->at - raw->data);
  cursor->at++;
  return high == 0 || g_utf8_validate_len (raw->data, raw->length_bytes, NULL);
}

/* scratch has room for the whole buffer, and decoding never lengthens, so it never moves. */
static gboolean
take_text (Cursor *cursor, BkText *text)
{
  gboolean escaped;

  if (!take_string (cursor, text, &escaped))
    return FALSE;
  if (escaped)
    {
      char *out = (char *) cursor->parser->scratch->data + cursor->parser->used;

      text->length_bytes = bk_json_unescape (text->data, text->length_bytes, out);
      text->data = out;
      cursor->parser->used += text->length_bytes;
    }
  return TRUE;
}

static gboolean
take_word (Cursor *cursor, const char *word)
{
  for (; *word != '\0'; word++)
    {
      if (!take (cursor, *word))
        return FALSE;
    }
  return TRUE;
}

static gboolean
take_digits (Cursor *cursor)
{
  const char *start = cursor->at;

  while (cursor->at < cursor->end && g_ascii_isdigit (*cursor->at))
    cursor->at++;
  return cursor->at > start || (cursor->at == cursor->end && run_out (cursor));
}

/* A number is always followed by something in an object, so its end is never the end of the data. */
static gboolean
take_number (Cursor *cursor)
{
  take (cursor, '-');
  if (!take (cursor, '0') && !take_digits (cursor))
    return FALSE;
  if (take (cursor, '.') && !take_digits (cursor))
    return FALSE;
  if (take (cursor, 'e') || take (cursor, 'E'))
    {
      if (!take (cursor, '+'))
        take (cursor, '-');
      if (!take_digits (cursor))
        return FALSE;
    }
  return cursor->at < cursor->end || run_out (cursor);
}

static gboolean
take_count (Cursor *cursor, guint64 *value)
{
  const char *start = cursor->at;

  *value = 0;
  while (cursor->at < cursor->end && g_ascii_isdigit (*cursor->at))
    {
      if (cursor->at - start == 15) /* what JSON's readers agree on */
        return FALSE;
      *value = *value * 10 + (guint64) (*cursor->at++ - '0');
    }
  if (cursor->at == cursor->end)
    return run_out (cursor);
  return cursor->at > start && (*start != '0' || cursor->at - start == 1);
}

static gboolean take_value (Cursor *cursor, guint depth);

static gboolean
take_container (Cursor *cursor, char closer, guint depth)
{
  BkText name;
  gboolean escaped;

  cursor->at++;
  if (depth == BK_EVENT_DEPTH_MAX || !skip_space (cursor))
    return FALSE;
  if (take (cursor, closer))
    return TRUE;
  while (TRUE)
    {
      if (closer == '}' && (!skip_space (cursor) || !take_string (cursor, &name, &escaped) ||
                            !skip_space (cursor) || !take (cursor, ':')))
        return FALSE;
      if (!skip_space (cursor) || !take_value (cursor, depth + 1) || !skip_space (cursor))
        return FALSE;
      if (take (cursor, closer))
        return TRUE;
      if (!take (cursor, ','))
        return FALSE;
    }
}

/* Any value, only checked. */
static gboolean
take_value (Cursor *cursor, guint depth)
{
  BkText text;
  gboolean escaped;

  if (cursor->at == cursor->end)
    return run_out (cursor);
  switch (*cursor->at)
    {
    case '{':
      return take_container (cursor, '}', depth);
    case '[':
      return take_container (cursor, ']', depth);
    case '"':
      return take_string (cursor, &text, &escaped);
    case 't':
      return take_word (cursor, "true");
    case 'f':
      return take_word (cursor, "false");
    case 'n':
      return take_word (cursor, "null");
    default:
      return take_number (cursor);
    }
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
take_member_value (Cursor *cursor, guint member, BkEvent *event)
{
  const char *start = cursor->at;

  if (member == PREVIOUS_HASH && cursor->at < cursor->end && *cursor->at == 'n')
    return take_word (cursor, "null");
  if (member < G_N_ELEMENTS (text_members))
    return take_text (cursor, G_STRUCT_MEMBER_P (event, text_members[member].offset));
  if (member == HASH_VERSION)
    return take_count (cursor, &event->hash_version);
  if (member == SEQ)
    return take_count (cursor, &event->seq);
  if (!take_value (cursor, 1))
    return FALSE;
  if (member == PAYLOAD)
    event->payload = (BkText){ start, (gsize) (cursor->at - start) };
  else
    event->has_more = TRUE;
  return TRUE;
}

static gboolean
take_event (Cursor *cursor, BkEvent *event)
{
  guint seen = 0;
  guint member = 0;
  BkText name;

  memset (event, 0, sizeof *event);
  cursor->parser->used = 0;
  if (!take (cursor, '{'))
    return FALSE;
  do
    {
      if (!skip_space (cursor) || !take_text (cursor, &name) || !skip_space (cursor) ||
          !take (cursor, ':') || !skip_space (cursor))
        return FALSE;
      guint expected = member;
      member = member_index (&name, expected);
      if (member < MEMBERS_COUNT && (seen & 1u << member) != 0)
        return FALSE;
      seen |= 1u << member;
      if (!take_member_value (cursor, member, event) || !skip_space (cursor))
        return FALSE;
      member = member < MEMBERS_COUNT ? member + 1 : expected;
    }
  while (take (cursor, ','));
  return take (cursor, '}') && (seen & MEMBERS_NEEDED) == MEMBERS_NEEDED;
}

static gboolean
malformed (BkEventParser *parser, const Cursor *cursor, const char *what, GError **error)
{
  guint64 at = parser->offset + (guint64) (cursor->at - (const char *) parser->buffer->data);

  g_set_error (error, BK_ERROR, BK_ERROR_INTEGRITY, "%s at byte %" G_GUINT64_FORMAT, what, at);
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
step (BkEventParser *parser, Cursor *cursor, BkEventFunc func, gpointer user_data, GError **error)
{
  BkEvent event;

  if (!skip_space (cursor))
    return FALSE;
  switch (parser->state)
    {
    case STATE_ARRAY:
      parser->state = STATE_FIRST;
      return take (cursor, '[') || malformed (parser, cursor, "No JSON array begins", error);
    case STATE_COMMA:
    case STATE_FIRST:
      if (take (cursor, ']'))
        {
          parser->state = STATE_DONE;
          return TRUE;
        }
      if (parser->state == STATE_COMMA)
        {
          parser->state = STATE_EVENT;
          return take (cursor, ',') || malformed (parser, cursor, "No comma stands", error);
        }
      break;
    case STATE_DONE:
      return malformed (parser, cursor, "Something follows the array", error);
    case STATE_EVENT:
      break;
    }

  const char *start = cursor->at;
  if (!take_event (cursor, &event))
    {
      gboolean wait = cursor->short_of_data && cursor->end - start <= BK_EVENT_MAX_BYTES;

      cursor->short_of_data = wait;
      if (!wait)
        return malformed (parser, cursor, "No event that can be read stands", error);
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
  Cursor cursor = { start, start + parser->buffer->len, FALSE, parser };

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
  g_set_error (error, BK_ERROR, BK_ERROR_INTEGRITY,
               "It ends in mid-array, after byte %" //
               G_GUINT64_FORMAT,
               parser->offset + parser->buffer->len);
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
  Cursor cursor = { text, text + length_bytes, FALSE, parser };

  reserve_scratch (parser, length_bytes);
  return take_event (&cursor, event) ? (gsize) (cursor.at - text) : 0;
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

/**
 * bk_event_segment_name:
 * @segment: 1 to %BK_EVENT_SEGMENT_MAX
 *
 * Returns: (transfer full): its file's name in the directory "event-log".
 */
char *
bk_event_segment_name (guint64 segment)
{
  return g_strdup_printf ("segment-%06" G_GUINT64_FORMAT ".json", segment);
}

/**
 * bk_event_segment_number:
 * @segment: (out): set on success only
 *
 * Returns: whether @name is exactly a segment's.
 */
gboolean
bk_event_segment_number (const char *name, guint64 *segment)
{
  guint64 number = 0;

  if (strlen (name) != strlen ("segment-000000.json") || !g_str_has_prefix (name, "segment-") ||
      !g_str_has_suffix (name, ".json"))
    return FALSE;
  for (const char *p = name + strlen ("segment-"); *p != '.'; p++)
    {
      if (!g_ascii_isdigit (*p))
        return FALSE;
      number = number * 10 + (guint64) (*p - '0');
    }
  if (number == 0)
    return FALSE;
  *segment = number;
  return TRUE;
}
