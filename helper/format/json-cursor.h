#pragma once

#include "model/event.h"

/*
 * A reading position in JSON that may not all be there yet. Each function takes one thing and goes
 * past it; when what stands here is something else it returns %FALSE, and the position is of no use
 * but to say where. The data are hostile.
 */

/* When it fails, short_of_data says whether more bytes could have helped. */
typedef struct
{
  const char *at;
  const char *end;
  gboolean short_of_data;
} BkJsonCursor;

/* For what ends where the data end. */
static inline gboolean
bk_json_run_out (BkJsonCursor *cursor)
{
  cursor->short_of_data = TRUE;
  return FALSE;
}

/* %FALSE where nothing but white space is left. */
static inline gboolean
bk_json_skip_space (BkJsonCursor *cursor)
{
  while (cursor->at < cursor->end)
    {
      char c = *cursor->at;

      if (c != ' ' && c != '\n' && c != '\t' && c != '\r')
        return TRUE;
      cursor->at++;
    }
  return bk_json_run_out (cursor);
}

/**
 * bk_json_take:
 *
 * Returns: whether @c stood there, and is passed.
 */
static inline gboolean
bk_json_take (BkJsonCursor *cursor, char c)
{
  if (cursor->at == cursor->end)
    return bk_json_run_out (cursor);
  if (*cursor->at != c)
    return FALSE;
  cursor->at++;
  return TRUE;
}

gboolean bk_json_take_string (BkJsonCursor *cursor, BkText *raw, gboolean *escaped);
gboolean bk_json_take_word (BkJsonCursor *cursor, const char *word);
gboolean bk_json_take_count (BkJsonCursor *cursor, guint64 *value);
gboolean bk_json_take_value (BkJsonCursor *cursor, guint depth_max);
