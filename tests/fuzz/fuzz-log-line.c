#include "format/log-line.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* What is read as a line is written as one, and read as the same again; the prefilter never drops
 * a line that matches. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup (size == 0 ? "" : (const char *) data, size);
  g_autoptr (BkLogLine) line = bk_log_line_from_text (text, strlen (text), NULL);

  if (line == NULL)
    return 0;

  const BkLogFilter filters[] = {
    { 0 },
    { .min_level = BK_LOG_WARNING, .text = (char *) "a" },
    { .job_id = line->job_id, .backup_id = line->backup_id },
    { .since_usecs = line->time_usecs, .until_usecs = line->time_usecs + 1 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (filters); i++)
    {
      g_autoptr (BkLogPrefilter) prefilter = bk_log_prefilter_new (&filters[i]);

      g_assert_true (bk_log_prefilter_may_match (prefilter, text) ||
                     !bk_log_filter_matches (&filters[i], line));
    }

  g_autofree char *written = bk_log_line_to_text (line);
  g_assert_cmpuint (strlen (written), <=, BK_LOG_LINE_MAX_BYTES);
  g_autoptr (BkLogLine) again = bk_log_line_from_text (written, strlen (written) - 1, NULL);
  g_assert_nonnull (again);
  g_autofree char *rewritten = bk_log_line_to_text (again);
  g_assert_cmpstr (written, ==, rewritten);
  return 0;
}
