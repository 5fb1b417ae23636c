/* The names of a log's files. */
#include "format/event-segment.h"

#include <string.h>

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
