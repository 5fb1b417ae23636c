#include "base/json-strict.h"

#include <math.h>
#include <string.h>

/*
 * json-glib parses by recursion without a limit (128 KiB of '[' end the program) and takes
 * comments, `var x = …` and other things that are not JSON. So whatever comes from outside is held
 * against the grammar of RFC 8259 first, in one pass without recursion.
 */

typedef struct
{
  const char *at;
  const char *end;
  guint depth;
  char closers[BK_JSON_DEPTH_MAX]; /* what closes each open object or array */
} Scanner;

static void
skip_space (Scanner *scanner)
{
  while (scanner->at < scanner->end && strchr (" \t\r\n", *scanner->at) != NULL)
    scanner->at++;
}

static gboolean
take (Scanner *scanner, char c)
{
  if (scanner->at == scanner->end || *scanner->at != c)
    return FALSE;
  scanner->at++;
  return TRUE;
}

static gboolean
take_word (Scanner *scanner, const char *word)
{
  gsize length = strlen (word);

  if ((gsize) (scanner->end - scanner->at) < length || memcmp (scanner->at, word, length) != 0)
    return FALSE;
  scanner->at += length;
  return TRUE;
}

static gboolean
take_digits (Scanner *scanner)
{
  const char *start = scanner->at;

  while (scanner->at < scanner->end && g_ascii_isdigit (*scanner->at))
    scanner->at++;
  return scanner->at > start;
}

/* One beyond what a double holds would become “inf”, which no JSON can say again. */
static gboolean
is_finite (const char *start, const char *end)
{
  g_autofree char *text = g_strndup (start, (gsize) (end - start));

  return isfinite (g_ascii_strtod (text, NULL));
}

static gboolean
take_number (Scanner *scanner)
{
  const char *start = scanner->at;
  gboolean has_fraction, has_exponent;

  take (scanner, '-');
  if (!take (scanner, '0') && !take_digits (scanner))
    return FALSE;
  has_fraction = take (scanner, '.');
  if (has_fraction && !take_digits (scanner))
    return FALSE;
  has_exponent = take (scanner, 'e') || take (scanner, 'E');
  if (has_exponent)
    {
      if (!take (scanner, '+'))
        take (scanner, '-');
      if (!take_digits (scanner))
        return FALSE;
    }
  return (!has_fraction && !has_exponent) || is_finite (start, scanner->at);
}

static gboolean
take_escape (Scanner *scanner)
{
  if (!take (scanner, 'u'))
    return scanner->at < scanner->end && strchr ("\"\\/bfnrt", *scanner->at++) != NULL;

  /* \u0000 would end the text early for whoever reads it as a C string. */
  gboolean is_nul = take_word (scanner, "0000");
  if (is_nul || scanner->end - scanner->at < 4)
    return FALSE;
  for (guint i = 0; i < 4; i++)
    {
      if (!g_ascii_isxdigit (*scanner->at++))
        return FALSE;
    }
  return TRUE;
}

static gboolean
take_string (Scanner *scanner)
{
  if (!take (scanner, '"'))
    return FALSE;
  while (scanner->at < scanner->end)
    {
      guchar c = (guchar) *scanner->at++;

      if (c == '"')
        return TRUE;
      if (c < 0x20 || (c == '\\' && !take_escape (scanner)))
        return FALSE;
    }
  return FALSE;
}

static gboolean
take_name (Scanner *scanner)
{
  skip_space (scanner);
  if (!take_string (scanner))
    return FALSE;
  skip_space (scanner);
  return take (scanner, ':');
}

/* Opens an object or array. Returns whether the text may go on; @value_next says if with a value. */
static gboolean
open_container (Scanner *scanner, gboolean *value_next)
{
  char closer = *scanner->at++ == '{' ? '}' : ']';

  if (scanner->depth == BK_JSON_DEPTH_MAX)
    return FALSE;
  skip_space (scanner);
  *value_next = !take (scanner, closer);
  if (!*value_next)
    return TRUE;
  scanner->closers[scanner->depth++] = closer;
  return closer == ']' || take_name (scanner);
}

static gboolean
take_scalar (Scanner *scanner)
{
  switch (*scanner->at)
    {
    case '"':
      return take_string (scanner);
    case 't':
      return take_word (scanner, "true");
    case 'f':
      return take_word (scanner, "false");
    case 'n':
      return take_word (scanner, "null");
    default:
      return take_number (scanner);
    }
}

/* After a value: closes what ends here. @value_next says if a comma calls for another value. */
static gboolean
close_containers (Scanner *scanner, gboolean *value_next)
{
  *value_next = FALSE;
  while (scanner->depth > 0)
    {
      char closer = scanner->closers[scanner->depth - 1];

      skip_space (scanner);
      if (take (scanner, ','))
        {
          *value_next = TRUE;
          return closer == ']' || take_name (scanner);
        }
      if (!take (scanner, closer))
        return FALSE;
      scanner->depth--;
    }
  return TRUE;
}

/**
 * bk_json_is_strict:
 * @text: bytes, hostile
 *
 * Returns: whether @text is one JSON value as RFC 8259 has it, in UTF-8, without NUL, at most
 *   %BK_JSON_DEPTH_MAX deep.
 */
gboolean
bk_json_is_strict (const char *text, gsize length_bytes)
{
  Scanner scanner = { .at = text, .end = text + length_bytes };
  gboolean value_next = TRUE;

  if (!g_utf8_validate_len (text, length_bytes, NULL))
    return FALSE;
  while (value_next)
    {
      skip_space (&scanner);
      if (scanner.at == scanner.end)
        return FALSE;
      gboolean opens = *scanner.at == '{' || *scanner.at == '[';
      if (!(opens ? open_container (&scanner, &value_next) : take_scalar (&scanner)))
        return FALSE;
      if (opens && value_next)
        continue;
      if (!close_containers (&scanner, &value_next))
        return FALSE;
    }
  skip_space (&scanner);
  return scanner.at == scanner.end;
}
