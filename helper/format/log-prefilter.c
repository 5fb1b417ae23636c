#include "format/log-line.h"

#include "base/timestamp.h"

#include <string.h>

/* `{"timestamp":"` and then 24 characters of time, `","level":"` and the level. */
#define TIME_PREFIX "{\"timestamp\":\""
#define TIME_LENGTH 24
#define LEVEL_PREFIX "\",\"level\":\""

struct _BkLogPrefilter
{
  char *since; /* ISO texts of one length: they compare as the times they stand for */
  char *until;
  BkLogLevel min_level;
  GPtrArray *needles; /* what the line must hold as it stands */
  char *text;         /* what it must hold in any case of letters */
};

/* Whether JSON writes @text as it is, so that it can be looked for in the raw line. */
static gboolean
is_written_plainly (const char *text)
{
  for (const char *p = text; *p != '\0'; p++)
    {
      if (*p < ' ' || *p == '"' || *p == '\\' || *p == '/' || *p == 0x7f)
        return FALSE;
    }
  return TRUE;
}

static void
add_needle (BkLogPrefilter *prefilter, const char *wanted)
{
  if (wanted != NULL && is_written_plainly (wanted))
    g_ptr_array_add (prefilter->needles, g_strdup_printf ("\"%s\"", wanted));
}

/**
 * bk_log_prefilter_new:
 *
 * Returns: (transfer full): a test of raw lines that costs a fraction of parsing one.
 */
BkLogPrefilter *
bk_log_prefilter_new (const BkLogFilter *filter)
{
  BkLogPrefilter *self = g_new0 (BkLogPrefilter, 1);

  if (filter->since_usecs > 0)
    self->since = bk_time_to_iso (filter->since_usecs);
  /* A text knows milliseconds only: one more keeps a line within the last one. */
  if (filter->until_usecs > 0)
    self->until = bk_time_to_iso (filter->until_usecs + 1000);
  self->min_level = filter->min_level;
  self->needles = g_ptr_array_new_with_free_func (g_free);
  add_needle (self, filter->backup_id);
  add_needle (self, filter->job_id);
  if (filter->text != NULL && is_written_plainly (filter->text))
    self->text = g_strdup (filter->text);
  return self;
}

void
bk_log_prefilter_free (BkLogPrefilter *prefilter)
{
  g_free (prefilter->since);
  g_free (prefilter->until);
  g_ptr_array_unref (prefilter->needles);
  g_free (prefilter->text);
  g_free (prefilter);
}

static gboolean
is_level_too_low (const char *level, BkLogLevel min_level)
{
  for (guint i = 0; i < min_level; i++)
    {
      const char *name = bk_log_level_to_string ((BkLogLevel) i);

      if (g_str_has_prefix (level, name) && level[strlen (name)] == '"')
        return TRUE;
    }
  return FALSE;
}

/**
 * bk_log_prefilter_may_match:
 * @text: one line, ended by a NUL
 *
 * Returns: %FALSE only when parsing the line would show that it does not match.
 */
gboolean
bk_log_prefilter_may_match (const BkLogPrefilter *prefilter, const char *text)
{
  if (strncmp (text, TIME_PREFIX, strlen (TIME_PREFIX)) == 0)
    {
      const char *time = text + strlen (TIME_PREFIX);
      gsize length_bytes = strnlen (time, TIME_LENGTH);

      if (prefilter->since != NULL && strncmp (time, prefilter->since, TIME_LENGTH) < 0)
        return FALSE;
      if (prefilter->until != NULL && strncmp (time, prefilter->until, TIME_LENGTH) > 0)
        return FALSE;
      if (length_bytes == TIME_LENGTH &&
          strncmp (time + TIME_LENGTH, LEVEL_PREFIX, strlen (LEVEL_PREFIX)) == 0 &&
          is_level_too_low (time + TIME_LENGTH + strlen (LEVEL_PREFIX), prefilter->min_level))
        return FALSE;
    }
  /* Another writer may have escaped plain letters. */
  if (strstr (text, "\\u") != NULL)
    return TRUE;
  for (guint i = 0; i < prefilter->needles->len; i++)
    {
      if (strstr (text, g_ptr_array_index (prefilter->needles, i)) == NULL)
        return FALSE;
    }
  return prefilter->text == NULL || !g_str_is_ascii (prefilter->text) || !g_str_is_ascii (text) ||
         strcasestr (text, prefilter->text) != NULL;
}
