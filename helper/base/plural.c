/*
 * GNU gettext's manual, “Additional functions for plural forms”: the header of a catalogue has a line
 *
 *   Plural-Forms: nplurals=COUNT; plural=EXPRESSION;
 *
 * where EXPRESSION is one of C over the variable n, with ?:, ||, &&, ==, !=, <, >, <=, >=, +, -, *,
 * /, %, ! and parentheses. It is evaluated as it is read: it is short, and counts are few.
 */
#include "base/plural.h"

#include <string.h>

#define RULE_MAX_BYTES 1000
#define DEPTH_MAX 50
#define FORMS_MAX_COUNT 8

struct _BkPlural
{
  guint forms_count;
  char *rule;
};

typedef struct
{
  const char *at;
  guint64 n;
  guint depth;
  gboolean is_wrong;
} Reader;

static guint64 read_choice (Reader *reader);

static gboolean
take (Reader *reader, const char *sign)
{
  while (g_ascii_isspace (*reader->at))
    reader->at++;
  if (!g_str_has_prefix (reader->at, sign))
    return FALSE;
  reader->at += strlen (sign);
  return TRUE;
}

static guint64
fail (Reader *reader)
{
  reader->is_wrong = TRUE;
  return 0;
}

static guint64
read_operand (Reader *reader)
{
  guint64 value;

  if (++reader->depth > DEPTH_MAX)
    return fail (reader);
  if (take (reader, "!"))
    value = read_operand (reader) == 0;
  else if (take (reader, "("))
    {
      value = read_choice (reader);
      if (!take (reader, ")"))
        fail (reader);
    }
  else if (take (reader, "n"))
    value = reader->n;
  else if (g_ascii_isdigit (*reader->at))
    value = g_ascii_strtoull (reader->at, (char **) &reader->at, 10);
  else
    value = fail (reader);
  reader->depth--;
  return value;
}

/* Those of one row bind equally, each row closer than the one above. A longer sign stands before the
 * one that it begins with. */
static const char *const operators[][5] = {
  { "||" }, { "&&" }, { "==", "!=" }, { "<=", ">=", "<", ">" }, { "+", "-" }, { "*", "/", "%" },
};

static guint64
apply (Reader *reader, const char *sign, guint64 left, guint64 right)
{
  if (right == 0 && (*sign == '/' || *sign == '%'))
    return fail (reader);
  switch (*sign)
    {
    case '|':
      return left != 0 || right != 0;
    case '&':
      return left != 0 && right != 0;
    case '=':
      return left == right;
    case '!':
      return left != right;
    case '<':
      return sign[1] == '=' ? left <= right : left < right;
    case '>':
      return sign[1] == '=' ? left >= right : left > right;
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    default:
      return left % right;
    }
}

static guint64
read_operators (Reader *reader, guint row)
{
  if (row == G_N_ELEMENTS (operators))
    return read_operand (reader);

  guint64 value = read_operators (reader, row + 1);
  for (guint i = 0; !reader->is_wrong && operators[row][i] != NULL;)
    {
      const char *sign = operators[row][i];

      if (!take (reader, sign))
        i++;
      else
        {
          value = apply (reader, sign, value, read_operators (reader, row + 1));
          i = 0;
        }
    }
  return value;
}

static guint64
read_choice (Reader *reader)
{
  guint64 value = read_operators (reader, 0);

  if (reader->is_wrong || !take (reader, "?"))
    return value;
  if (++reader->depth > DEPTH_MAX)
    return fail (reader);
  guint64 then = read_choice (reader);
  if (!take (reader, ":"))
    return fail (reader);
  guint64 otherwise = read_choice (reader);
  reader->depth--;
  return value != 0 ? then : otherwise;
}

static gboolean
evaluate (const char *rule, guint64 n, guint64 *value)
{
  Reader reader = { .at = rule, .n = n };

  *value = read_choice (&reader);
  take (&reader, ""); /* skips spaces */
  return !reader.is_wrong && *reader.at == '\0';
}

static char *
value_of (const char *line, const char *name)
{
  const char *at = strstr (line, name);

  if (at == NULL)
    return NULL;
  at += strlen (name);
  return g_strndup (at, strcspn (at, ";\n"));
}

/**
 * bk_plural_parse:
 * @header: (nullable): a catalogue's header, lines of “Name: value”
 *
 * Returns: (transfer full): its rule; that of English and Portuguese, two forms and the second from
 *   2 on, where it has none that can be read.
 */
BkPlural *
bk_plural_parse (const char *header)
{
  BkPlural *self = g_new0 (BkPlural, 1);
  const char *line = header == NULL ? NULL : strstr (header, "Plural-Forms:");
  g_autofree char *count = line == NULL ? NULL : value_of (line, "nplurals=");
  g_autofree char *rule = line == NULL ? NULL : value_of (line, "plural=");
  guint64 forms_count;
  guint64 value;

  if (count != NULL && rule != NULL && strlen (rule) <= RULE_MAX_BYTES &&
      g_ascii_string_to_unsigned (g_strstrip (count), 10, 1, FORMS_MAX_COUNT, &forms_count, NULL) &&
      evaluate (rule, 1, &value))
    {
      self->forms_count = (guint) forms_count;
      self->rule = g_steal_pointer (&rule);
      return self;
    }
  self->forms_count = 2;
  self->rule = g_strdup ("n > 1");
  return self;
}

void
bk_plural_free (BkPlural *plural)
{
  g_free (plural->rule);
  g_free (plural);
}

/**
 * bk_plural_forms_count:
 *
 * Returns: how many forms a text needs in this language, 1 or more.
 */
guint
bk_plural_forms_count (const BkPlural *plural)
{
  return plural->forms_count;
}

/**
 * bk_plural_form:
 *
 * Returns: the number of the form that @count takes, below bk_plural_forms_count().
 */
guint
bk_plural_form (const BkPlural *plural, guint64 count)
{
  guint64 value;

  return evaluate (plural->rule, count, &value) && value < plural->forms_count ? (guint) value : 0;
}
