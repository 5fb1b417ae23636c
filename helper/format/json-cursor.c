/* The grammar of JSON's values, whatever they are of: checked as it is read, nothing kept. */
#include "format/json-cursor.h"

#include <string.h>

/* In a string: 1 ends it or must be looked at, 2 is the part of a character beyond ASCII. */
static const guint8 string_classes[256] = {
  [0x00 ... 0x1f] = 1,
  ['"'] = 1,
  ['\\'] = 1,
  [0x80 ... 0xff] = 2,
};

static gboolean
take_escape (BkJsonCursor *cursor)
{
  if (cursor->end - cursor->at < 2)
    return bk_json_run_out (cursor);

  char kind = cursor->at[1];
  cursor->at += 2;
  if (kind != 'u')
    return kind != '\0' && strchr ("\"\\/bfnrt", kind) != NULL;
  for (guint i = 0; i < 4; i++, cursor->at++)
    {
      if (cursor->at == cursor->end)
        return bk_json_run_out (cursor);
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
skip_plain (BkJsonCursor *cursor, guint8 *high)
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

/**
 * bk_json_take_string:
 * @raw: (out): what stands between the quotes, in the data
 * @escaped: (out): whether it has escapes, see bk_json_unescape()
 *
 * Returns: whether a string stands here: UTF-8, with known escapes.
 */
gboolean
bk_json_take_string (BkJsonCursor *cursor, BkText *raw, gboolean *escaped)
{
  guint8 high = 0;

  if (!bk_json_take (cursor, '"'))
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
        return bk_json_run_out (cursor);
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

/**
 * bk_json_take_word:
 * @word: "true", "false" or "null"
 */
gboolean
bk_json_take_word (BkJsonCursor *cursor, const char *word)
{
  for (; *word != '\0'; word++)
    {
      if (!bk_json_take (cursor, *word))
        return FALSE;
    }
  return TRUE;
}

static gboolean
take_digits (BkJsonCursor *cursor)
{
  const char *start = cursor->at;

  while (cursor->at < cursor->end && g_ascii_isdigit (*cursor->at))
    cursor->at++;
  return cursor->at > start || (cursor->at == cursor->end && bk_json_run_out (cursor));
}

/* A number is always followed by something in an object, so its end is never the end of the data. */
static gboolean
take_number (BkJsonCursor *cursor)
{
  bk_json_take (cursor, '-');
  if (!bk_json_take (cursor, '0') && !take_digits (cursor))
    return FALSE;
  if (bk_json_take (cursor, '.') && !take_digits (cursor))
    return FALSE;
  if (bk_json_take (cursor, 'e') || bk_json_take (cursor, 'E'))
    {
      if (!bk_json_take (cursor, '+'))
        bk_json_take (cursor, '-');
      if (!take_digits (cursor))
        return FALSE;
    }
  return cursor->at < cursor->end || bk_json_run_out (cursor);
}

/**
 * bk_json_take_count:
 * @value: (out)
 *
 * Returns: whether a whole number of at most 15 digits stands here.
 */
gboolean
bk_json_take_count (BkJsonCursor *cursor, guint64 *value)
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
    return bk_json_run_out (cursor);
  return cursor->at > start && (*start != '0' || cursor->at - start == 1);
}

static gboolean
take_container (BkJsonCursor *cursor, char closer, guint depth_max)
{
  BkText name;
  gboolean escaped;

  cursor->at++;
  if (depth_max == 0 || !bk_json_skip_space (cursor))
    return FALSE;
  if (bk_json_take (cursor, closer))
    return TRUE;
  while (TRUE)
    {
      if (closer == '}' &&
          (!bk_json_skip_space (cursor) || !bk_json_take_string (cursor, &name, &escaped) ||
           !bk_json_skip_space (cursor) || !bk_json_take (cursor, ':')))
        return FALSE;
      if (!bk_json_skip_space (cursor) || !bk_json_take_value (cursor, depth_max - 1) ||
          !bk_json_skip_space (cursor))
        return FALSE;
      if (bk_json_take (cursor, closer))
        return TRUE;
      if (!bk_json_take (cursor, ','))
        return FALSE;
    }
}

/**
 * bk_json_take_value:
 * @depth_max: how deep it may nest; an object or an array takes one
 *
 * Any value, only checked.
 */
gboolean
bk_json_take_value (BkJsonCursor *cursor, guint depth_max)
{
  BkText text;
  gboolean escaped;

  if (cursor->at == cursor->end)
    return bk_json_run_out (cursor);
  switch (*cursor->at)
    {
    case '{':
      return take_container (cursor, '}', depth_max);
    case '[':
      return take_container (cursor, ']', depth_max);
    case '"':
      return bk_json_take_string (cursor, &text, &escaped);
    case 't':
      return bk_json_take_word (cursor, "true");
    case 'f':
      return bk_json_take_word (cursor, "false");
    case 'n':
      return bk_json_take_word (cursor, "null");
    default:
      return take_number (cursor);
    }
}
