#include "cli/text-sink.h"

#include "base/error.h"
#include "base/quantity.h"
#include "cli/notes.h"
#include "cli/output.h"
#include "cli/views.h"

#define ROWS_MAX_COUNT 1000

struct _BkTextSink
{
  BkOutputSink parent_instance;

  const BkOperation *operation;
  gboolean follows;
  JsonArray *items; /* waits for all rows, so that the columns fit */
};

G_DEFINE_FINAL_TYPE (BkTextSink, bk_text_sink, BK_TYPE_OUTPUT_SINK)

static gboolean
print_items (BkTextSink *self, GError **error)
{
  g_autofree char *text = bk_view_items (self->operation, self->items);

  bk_note_clear ();
  json_array_unref (self->items);
  self->items = json_array_new ();
  return bk_output_print (text, error) && bk_output_flush (error);
}

static gboolean
print_log (JsonNode *value, GError **error)
{
  g_autofree char *line = bk_note_log_line (value);

  bk_note_clear ();
  return line == NULL || (bk_output_print (line, error) && bk_output_print ("\n", error) &&
                          bk_output_flush (error));
}

static gboolean
take_item (BkTextSink *self, JsonNode *value, GError **error)
{
  gboolean is_change = self->follows && bk_output_sink_get_result (BK_OUTPUT_SINK (self)) != NULL;

  json_array_add_element (self->items, json_node_copy (value));
  /* After the first listing each change is a table of one row; a long one is printed in tables of
   * so many rows, each aligned in itself, because it must not have to fit into memory. */
  if (is_change || json_array_get_length (self->items) >= ROWS_MAX_COUNT)
    return print_items (self, error);
  return TRUE;
}

static gboolean
text_sink_take (BkOutputSink *sink, BkSinkKind kind, JsonNode *value, GError **error)
{
  BkTextSink *self = BK_TEXT_SINK (sink);

  switch (kind)
    {
    case BK_SINK_ITEM:
      return take_item (self, value, error);
    case BK_SINK_RESULT:
      return !self->follows || print_items (self, error);
    case BK_SINK_LOG:
      if (self->follows)
        return print_log (value, error);
      bk_note_log (value);
      return TRUE;
    case BK_SINK_PROGRESS:
    default:
      bk_note_progress (value);
      return TRUE;
    }
}

static gboolean
print_written (const char *written_path, guint64 written_bytes, GError **error)
{
  g_autofree char *size = bk_size_text (written_bytes);
  g_autofree char *line = g_strdup_printf ("%s: %s\n", written_path, size);

  return bk_output_print (line, error);
}

static gboolean
print_result (BkTextSink *self, JsonNode *result, GError **error)
{
  g_autofree char *text = bk_view_result (self->operation, result);

  return bk_output_print (text, error);
}

static gboolean
text_sink_finish (BkOutputSink *sink, gboolean is_done, GError **error)
{
  BkTextSink *self = BK_TEXT_SINK (sink);
  JsonNode *result = bk_output_sink_get_result (sink);
  gboolean is_stream = (self->operation->flags & BK_OPERATION_STREAM) != 0;
  guint64 written_bytes;
  const char *written_path = bk_output_sink_get_written (sink, &written_bytes);

  if (json_array_get_length (self->items) > 0 && !print_items (self, error))
    return FALSE;
  if (written_path != NULL && !print_written (written_path, written_bytes, error))
    return FALSE;
  if (result != NULL && !is_stream && !self->follows && !print_result (self, result, error))
    return FALSE;
  return bk_output_flush (error);
}

static void
bk_text_sink_finalize (GObject *object)
{
  json_array_unref (BK_TEXT_SINK (object)->items);
  G_OBJECT_CLASS (bk_text_sink_parent_class)->finalize (object);
}

static void
bk_text_sink_class_init (BkTextSinkClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bk_text_sink_finalize;
  BK_OUTPUT_SINK_CLASS (klass)->take = text_sink_take;
  BK_OUTPUT_SINK_CLASS (klass)->finish = text_sink_finish;
}

static void
bk_text_sink_init (BkTextSink *self)
{
  self->items = json_array_new ();
}

/**
 * bk_text_sink_new:
 * @follows: print what comes as it comes
 */
BkOutputSink *
bk_text_sink_new (const BkOperation *operation, gboolean follows)
{
  BkTextSink *self = g_object_new (BK_TYPE_TEXT_SINK, NULL);

  self->operation = operation;
  self->follows = follows;
  return BK_OUTPUT_SINK (self);
}
