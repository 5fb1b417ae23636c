#include "cockpit/gather.h"

/**
 * bk_gather_has_room:
 *
 * Returns: whether a line of so many bytes still goes into the same frame. One that is longer than a
 *   frame of several is a frame by itself.
 */
gboolean
bk_gather_has_room (const BkGather *gather, gsize length_bytes)
{
  return gather->lines == NULL || (length_bytes < BK_GATHER_MAX_BYTES &&
                                   gather->lines->len < BK_GATHER_MAX_BYTES - length_bytes);
}

/**
 * bk_gather_add:
 * @line: without a line break in it, as compact JSON is
 */
void
bk_gather_add (BkGather *gather, const char *line, gsize length_bytes)
{
  if (gather->lines == NULL)
    gather->lines = g_string_sized_new (length_bytes);
  else
    g_string_append_c (gather->lines, '\n');
  g_string_append_len (gather->lines, line, (gssize) length_bytes);
}

/**
 * bk_gather_take:
 * @length_bytes: (out): of what is returned
 *
 * Returns: (transfer full) (nullable): all lines, with a line break between them; %NULL when there is
 *   none. @gather is empty then.
 */
char *
bk_gather_take (BkGather *gather, gsize *length_bytes)
{
  GString *lines = g_steal_pointer (&gather->lines);

  *length_bytes = lines != NULL ? lines->len : 0;
  return lines != NULL ? g_string_free (lines, FALSE) : NULL;
}

/**
 * bk_gather_clear:
 *
 * Forgets what is there.
 */
void
bk_gather_clear (BkGather *gather)
{
  if (gather->lines != NULL)
    g_string_free (g_steal_pointer (&gather->lines), TRUE);
}
