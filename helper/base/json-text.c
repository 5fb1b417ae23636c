#include "base/json-text.h"

#include "base/error.h"
#include "base/json-strict.h"

#include <string.h>

static guint
hex4 (const char *digits)
{
  guint value = 0;

  for (guint i = 0; i < 4; i++)
    value = value << 4 | (guint) g_ascii_xdigit_value (digits[i]);
  return value;
}

/* After "\u": the character, with the second half of a surrogate pair if there is one. A lone half
 * stands for no character; like Node.js and the WHATWG encoding we write U+FFFD for it. */
static gunichar
take_code_point (const char **at, const char *end)
{
  guint unit = hex4 (*at);

  *at += 4;
  if (unit < 0xd800 || unit > 0xdfff)
    return unit;
  if (unit <= 0xdbff && end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u')
    {
      guint low = hex4 (*at + 2);

      if (low >= 0xdc00 && low <= 0xdfff)
        {
          *at += 6;
          return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
        }
    }
  return 0xfffd;
}

/**
 * bk_json_unescape:
 * @data: what stands between the quotes of a JSON string; its syntax was checked
 * @out: room for @length_bytes bytes: the decoded text is never longer
 *
 * Returns: how many bytes were written.
 */
gsize
bk_json_unescape (const char *data, gsize length_bytes, char *out)
{
  static const char names[] = "bfnrt";
  static const char values[] = "\b\f\n\r\t";
  const char *end = data + length_bytes;
  char *start = out;

  while (data < end)
    {
      if (*data != '\\')
        {
          *out++ = *data++;
          continue;
        }
      char kind = data[1];
      data += 2;
      if (kind == 'u')
        {
          out += g_unichar_to_utf8 (take_code_point (&data, end), out);
          continue;
        }
      const char *name = strchr (names, kind);
      *out++ = name == NULL ? kind : values[name - names];
    }
  return (gsize) (out - start);
}

/**
 * bk_json_append_string:
 * @data: UTF-8
 *
 * Appends @data as a JSON string, escaped as ECMAScript's JSON.stringify() does: only what must be.
 */
void
bk_json_append_string (GString *out, const char *data, gsize length_bytes)
{
  static const char names[] = "btn fr"; /* of the bytes 8 to 13; 11 has none */

  g_string_append_c (out, '"');
  for (gsize i = 0; i < length_bytes; i++)
    {
      guchar c = (guchar) data[i];

      if (c == '"' || c == '\\')
        g_string_append_printf (out, "\\%c", c);
      else if (c >= 0x20)
        g_string_append_c (out, (char) c);
      else if (c >= 8 && c <= 13 && c != 11)
        g_string_append_printf (out, "\\%c", names[c - 8]);
      else
        g_string_append_printf (out, "\\u%04x", c);
    }
  g_string_append_c (out, '"');
}

/* One member of an object: the decoded name, and where its value's text lies. */
typedef struct
{
  char *name;
  const char *value;
  const char *value_end;
} Member;

static void
member_free (gpointer data)
{
  Member *member = data;

  g_free (member->name);
  g_free (member);
}

/* The order of ECMAScript's sort(): by UTF-16 code units. It differs from the order of bytes only
 * where a character beyond U+FFFF (surrogates, from 0xd800) meets one of U+E000 to U+FFFF. */
static guint
first_unit (gunichar c)
{
  return c >= 0x10000 ? 0xd800 + ((c - 0x10000) >> 10) : c;
}

static int
compare_members (gconstpointer a, gconstpointer b)
{
  const char *left = (*(const Member *const *) a)->name;
  const char *right = (*(const Member *const *) b)->name;

  while (*left != '\0' && *right != '\0')
    {
      gunichar l = g_utf8_get_char (left);
      gunichar r = g_utf8_get_char (right);

      if (l != r)
        {
          guint lu = first_unit (l);
          guint ru = first_unit (r);

          return lu != ru ? (lu < ru ? -1 : 1) : (l < r ? -1 : 1);
        }
      left = g_utf8_next_char (left);
      right = g_utf8_next_char (right);
    }
  return (*left != '\0') - (*right != '\0');
}

static const char *
skip_space (const char *at)
{
  while (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n')
    at++;
  return at;
}

static const char *
string_end (const char *at)
{
  for (at++; *at != '"'; at++)
    {
      if (*at == '\\')
        at++;
    }
  return at + 1;
}

/* @at: the first byte of a value. Returns: where it ends. */
static const char *
value_end (const char *at)
{
  guint depth = 0;

  do
    {
      if (*at == '"')
        at = string_end (at);
      else if (*at == '{' || *at == '[')
        {
          depth++;
          at++;
        }
      else if (*at == '}' || *at == ']')
        {
          depth--;
          at++;
        }
      else if (depth > 0)
        at++;
      else
        return at + strcspn (at, " \t\r\n,]}");
    }
  while (depth > 0);
  return at;
}

static char *
decode_name (const char *at, const char *end)
{
  char *name = g_malloc ((gsize) (end - at));

  name[bk_json_unescape (at + 1, (gsize) (end - at) - 2, name)] = '\0';
  return name;
}

static gboolean append_value (GString *out, const char *at, const char *end, GError **error);

static gboolean
append_object (GString *out, const char *at, GError **error)
{
  g_autoptr (GPtrArray) members = g_ptr_array_new_with_free_func (member_free);

  for (at = skip_space (at + 1); *at != '}'; at = skip_space (at))
    {
      if (*at == ',')
        at = skip_space (at + 1);

      const char *name_end = string_end (at);
      Member *member = g_new0 (Member, 1);

      member->name = decode_name (at, name_end);
      g_ptr_array_add (members, member);
      member->value = skip_space (skip_space (name_end) + 1);
      member->value_end = at = value_end (member->value);
    }
  g_ptr_array_sort (members, compare_members);

  g_string_append_c (out, '{');
  for (guint i = 0; i < members->len; i++)
    {
      const Member *member = g_ptr_array_index (members, i);

      if (i > 0 &&
          strcmp (member->name, ((Member *) g_ptr_array_index (members, i - 1))->name) == 0)
        {
          bk_set_error (error, BK_ERROR_INTEGRITY, "An object has two members “%s”", member->name);
          return FALSE;
        }
      if (i > 0)
        g_string_append_c (out, ',');
      bk_json_append_string (out, member->name, strlen (member->name));
      g_string_append_c (out, ':');
      if (!append_value (out, member->value, member->value_end, error))
        return FALSE;
    }
  g_string_append_c (out, '}');
  return TRUE;
}

static gboolean
append_array (GString *out, const char *at, GError **error)
{
  g_string_append_c (out, '[');
  for (at = skip_space (at + 1); *at != ']'; at = skip_space (at))
    {
      if (*at == ',')
        {
          g_string_append_c (out, ',');
          at = skip_space (at + 1);
        }
      const char *end = value_end (at);
      if (!append_value (out, at, end, error))
        return FALSE;
      at = end;
    }
  g_string_append_c (out, ']');
  return TRUE;
}

static gboolean
append_value (GString *out, const char *at, const char *end, GError **error)
{
  if (*at == '{')
    return append_object (out, at, error);
  if (*at == '[')
    return append_array (out, at, error);
  if (*at != '"')
    {
      g_string_append_len (out, at, end - at);
      return TRUE;
    }
  g_autofree char *decoded = g_malloc ((gsize) (end - at));
  gsize length_bytes = bk_json_unescape (at + 1, (gsize) (end - at) - 2, decoded);

  bk_json_append_string (out, decoded, length_bytes);
  return TRUE;
}

/**
 * bk_json_append_canonical:
 * @out: gets the text; on error what it got is of no use
 * @text: one JSON value, hostile until checked here
 *
 * Appends @text without white space, with the members of each object sorted at every depth, and
 * strings escaped only where they must be: one text for one value, which can be hashed. Numbers stay
 * as they are written.
 *
 * Errors: %BK_ERROR_INTEGRITY for what is not JSON, and for an object with two members of one name.
 */
gboolean
bk_json_append_canonical (GString *out, const char *text, gsize length_bytes, GError **error)
{
  if (!bk_json_is_strict (text, length_bytes))
    {
      bk_set_error (error, BK_ERROR_INTEGRITY, "This is not a JSON text");
      return FALSE;
    }
  g_autofree char *copy = g_strndup (text, length_bytes); /* the scanners stop at its NUL */
  const char *start = skip_space (copy);

  return append_value (out, start, value_end (start), error);
}
