#include "model/tree-exclude.h"

#include "base/error.h"

#include <string.h>

typedef enum
{
  AGAINST_NAME,
  AGAINST_SOURCE, /* the path from the source's directory on */
  AGAINST_PATH,   /* the absolute path */
} Against;

typedef struct
{
  GStrv segments; /* the pattern cut at '/' */
  Against against;
  gboolean takes_back;
  gboolean directories_only;
} Pattern;

struct _BkTreeExcludes
{
  GArray *patterns;
};

static void
pattern_clear (gpointer data)
{
  g_strfreev (((Pattern *) data)->segments);
}

static gboolean
parse (const char *text, Pattern *pattern, GError **error)
{
  const char *at = text;

  if (strlen (text) > BK_TREE_EXCLUDE_MAX_BYTES)
    {
      bk_set_error (error, BK_ERROR_USAGE, "An exclude pattern is longer than %d bytes; shorten it",
                    BK_TREE_EXCLUDE_MAX_BYTES);
      return FALSE;
    }
  if (*at == '!')
    {
      pattern->takes_back = TRUE;
      at++;
    }

  g_autofree char *body = g_strdup (at);
  gsize length = strlen (body);
  if (length > 1 && body[length - 1] == '/')
    {
      pattern->directories_only = TRUE;
      body[--length] = '\0';
    }
  const char *start = body[0] == '/' ? body + 1 : body;
  if (*start == '\0')
    {
      g_autofree char *line = bk_error_one_line (text);

      bk_set_error (error, BK_ERROR_USAGE, "The exclude pattern “%s” names nothing; take it out",
                    line);
      return FALSE;
    }
  pattern->against = body[0] == '/'               ? AGAINST_PATH
                     : strchr (body, '/') != NULL ? AGAINST_SOURCE
                                                  : AGAINST_NAME;
  pattern->segments = g_strsplit (start, "/", -1);
  return TRUE;
}

/**
 * bk_tree_excludes_new:
 * @patterns: (nullable): each as described above; empty ones and those that begin with '#' count
 *   for nothing
 *
 * Errors: %BK_ERROR_USAGE for one that cannot be meant.
 *
 * Returns: (transfer full) (nullable)
 */
BkTreeExcludes *
bk_tree_excludes_new (const char *const *patterns, GError **error)
{
  g_autoptr (BkTreeExcludes) self = g_new0 (BkTreeExcludes, 1);

  self->patterns = g_array_new (FALSE, TRUE, sizeof (Pattern));
  g_array_set_clear_func (self->patterns, pattern_clear);
  for (guint i = 0; patterns != NULL && patterns[i] != NULL; i++)
    {
      Pattern pattern = { 0 };

      if (patterns[i][0] == '\0' || patterns[i][0] == '#')
        continue;
      if (i >= BK_TREE_EXCLUDES_MAX)
        {
          bk_set_error (error, BK_ERROR_USAGE, "There are more than %d exclude patterns",
                        BK_TREE_EXCLUDES_MAX);
          return NULL;
        }
      if (!parse (patterns[i], &pattern, error))
        return NULL;
      g_array_append_val (self->patterns, pattern);
    }
  return g_steal_pointer (&self);
}

void
bk_tree_excludes_free (BkTreeExcludes *excludes)
{
  g_array_unref (excludes->patterns);
  g_free (excludes);
}

/* [a-z] at *@pattern, which is moved behind it. A bracket that is not closed stands for itself. */
static gboolean
match_bracket (const char **pattern, guint8 byte)
{
  const char *at = *pattern + 1;
  gboolean negated = *at == '!' || *at == '^';
  gboolean matched = FALSE;

  if (negated)
    at++;
  for (gboolean first = TRUE; *at != ']' || first; first = FALSE)
    {
      if (*at == '\\' && at[1] != '\0')
        at++;
      if (*at == '\0')
        {
          ++*pattern;
          return byte == '[';
        }

      guint8 low = (guint8) *at++;
      guint8 high = low;
      if (at[0] == '-' && at[1] != ']' && at[1] != '\0')
        {
          high = (guint8) at[1];
          at += 2;
        }
      matched = matched || (byte >= low && byte <= high);
    }
  *pattern = at + 1;
  return matched != negated;
}

static gboolean
match_one (const char **pattern, guint8 byte)
{
  if (**pattern == '[')
    return match_bracket (pattern, byte);
  if (**pattern == '\\' && (*pattern)[1] != '\0')
    ++*pattern;
  else if (**pattern == '?')
    {
      ++*pattern;
      return TRUE;
    }
  return *(*pattern)++ == (char) byte;
}

/* Goes back to the last '*' only: the earlier ones have matched as little as they could, so the
 * work is at most the product of both lengths. */
static gboolean
match_segment (const char *pattern, const char *text, const char *end)
{
  const char *star = NULL;
  const char *star_text = NULL;

  while (text < end)
    {
      if (*pattern == '*')
        {
          star = ++pattern;
          star_text = text;
          continue;
        }

      const char *next = pattern;
      if (*pattern != '\0' && match_one (&next, (guint8) *text))
        {
          pattern = next;
          text++;
          continue;
        }
      if (star == NULL)
        return FALSE;
      pattern = star;
      text = ++star_text;
    }
  while (*pattern == '*')
    pattern++;
  return *pattern == '\0';
}

static gboolean
match_segments (char **segments, const char *path)
{
  char **star = NULL;
  const char *star_path = NULL;

  while (path != NULL)
    {
      if (*segments != NULL && strcmp (*segments, "**") == 0)
        {
          star = ++segments;
          star_path = path;
          if (*segments == NULL)
            return TRUE;
          continue;
        }

      const char *end = strchrnul (path, '/');
      const char *rest = *end == '/' ? end + 1 : NULL;
      if (*segments != NULL && match_segment (*segments, path, end))
        {
          segments++;
          path = rest;
          continue;
        }
      if (star == NULL)
        return FALSE;
      star_path = strchrnul (star_path, '/');
      star_path = *star_path == '/' ? star_path + 1 : NULL;
      segments = star;
      path = star_path;
    }
  return *segments == NULL;
}

/**
 * bk_tree_excludes_match:
 * @path: the absolute path without its leading '/'
 * @source_length: how much of @path is the source's own; 0 for the source "/"
 * @name: the last name of @path
 *
 * Returns: whether it is left out.
 */
gboolean
bk_tree_excludes_match (const BkTreeExcludes *excludes,
                        const char *path,
                        gsize source_length,
                        const char *name,
                        gboolean is_directory)
{
  for (guint i = excludes->patterns->len; i > 0; i--)
    {
      const Pattern *pattern = &g_array_index (excludes->patterns, Pattern, i - 1);
      const char *text = name;

      if (pattern->directories_only && !is_directory)
        continue;
      if (pattern->against == AGAINST_PATH)
        text = path;
      else if (pattern->against == AGAINST_SOURCE)
        text = source_length == 0 ? path : path + source_length + 1;
      if (match_segments (pattern->segments, text))
        return !pattern->takes_back;
    }
  return FALSE;
}
