#include "ops/event-log/list.h"

#include "base/error.h"
#include "base/fd.h"
#include "store/event-log/view.h"

#include <string.h>

typedef struct
{
  const char *text; /* (nullable) */
  guint limit;
  GQueue found; /* of char *, oldest first, at most limit of them */
  BkEventParser *parser;
} Segment;

static gboolean
has (const BkText *field, const char *text)
{
  if (field->data == NULL)
    return FALSE;
  g_autofree char *copy = g_strndup (field->data, field->length_bytes);
  return strcasestr (copy, text) != NULL;
}

static void
take_event (const BkEvent *event, gpointer user_data)
{
  Segment *segment = user_data;
  const char *text = segment->text;

  if (text != NULL && !has (&event->evento, text) && !has (&event->entidade_id, text) &&
      !has (&event->actor, text) && !has (&event->entidade, text) && !has (&event->payload, text) &&
      !has (&event->timestamp, text) && !has (&event->id, text))
    return;

  GString *json = g_string_new (NULL);
  bk_event_append_json (json, event);
  g_queue_push_tail (&segment->found, g_string_free (json, FALSE));
  if (segment->found.length > segment->limit)
    g_free (g_queue_pop_head (&segment->found));
}

static gboolean
feed (const void *data, gsize length_bytes, gpointer user_data, GError **error)
{
  Segment *segment = user_data;

  return bk_event_parser_feed (segment->parser, data, length_bytes, take_event, segment, error);
}

static gboolean
read_segment (BkEventLogView *view,
              guint64 number,
              Segment *segment,
              GCancellable *cancellable,
              GError **error)
{
  g_autoptr (BkEventParser) parser = bk_event_parser_new ();
  BkEventSegmentView segment_view;

  if (!bk_event_segment_view_open (view, number, &segment_view, error))
    return FALSE;
  autofd int fd = segment_view.fd;
  segment->parser = parser;
  return bk_event_segment_view_read (&segment_view, feed, segment, cancellable, error);
}

/**
 * bk_event_log_list:
 * @data_dir: the directory that holds “event-log”; without one, there are no events
 * @text: (nullable): only events that have this anywhere, upper and lower case being the same
 * @count: (out): how many were told of
 *
 * Reads segments from the newest on until there are enough. What is told of has not been verified.
 *
 * Errors: %BK_ERROR_INTEGRITY for a segment that cannot be read.
 */
gboolean
bk_event_log_list (const char *data_dir,
                   const char *text,
                   guint limit,
                   BkEventListFunc func,
                   gpointer user_data,
                   guint *count,
                   GCancellable *cancellable,
                   GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autoptr (BkEventLogView) view = bk_event_log_view_open (data_dir, &problem);
  gboolean ok = TRUE;

  *count = 0;
  if (view == NULL)
    {
      if (g_error_matches (problem, BK_ERROR, BK_ERROR_NOT_FOUND))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&problem));
      return FALSE;
    }
  for (guint i = view->segments->len; ok && i > 0 && *count < limit; i--)
    {
      Segment segment = { .text = text, .limit = limit - *count };
      char *json;

      g_queue_init (&segment.found);
      ok = read_segment (view, g_array_index (view->segments, guint64, i - 1), &segment,
                         cancellable, error);
      while ((json = g_queue_pop_tail (&segment.found)) != NULL)
        {
          ok = ok && func (json, user_data, error);
          *count += ok ? 1 : 0;
          g_free (json);
        }
    }
  return ok;
}
