#include "cli/text-sink.h"

#include "base/error.h"
#include "base/quantity.h"
#include "cli/notes.h"
#include "cli/output.h"
#include "cli/views.h"

#define ROWS_MAX_COUNT 1000

struct _BkTextSink
{
  GObject parent_instance;

  const BkOperation *operation;
  gboolean follows;
  char *output_path;
  JsonArray *items; /* waits for all rows, so that the columns fit */
  JsonNode *result; /* (nullable) */
  char *written_path;
  guint64 written_bytes;
};

static void sink_iface_init (BkSinkInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BkTextSink,
                               bk_text_sink,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BK_TYPE_SINK, sink_iface_init))

static void
bk_text_sink_init (BkTextSink *self)
{
  self->items = json_array_new ();
}

static void
bk_text_sink_finalize (GObject *object)
{
  BkTextSink *self = BK_TEXT_SINK (object);

  g_free (self->output_path);
  g_free (self->written_path);
  json_array_unref (self->items);
  g_clear_pointer (&self->result, json_node_unref);
  G_OBJECT_CLASS (bk_text_sink_parent_class)->finalize (object);
}

static void
bk_text_sink_class_init (BkTextSinkClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bk_text_sink_finalize;
}

/**
 * bk_text_sink_new:
 * @follows: print what comes as it comes
 * @output_path: (nullable): where bytes go; see bk_output_stream()
 */
BkTextSink *
bk_text_sink_new (const BkOperation *operation, gboolean follows, const char *output_path)
{
  BkTextSink *self = g_object_new (BK_TYPE_TEXT_SINK, NULL);

  self->operation = operation;
  self->follows = follows;
  self->output_path = g_strdup (output_path);
  return self;
}

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
  json_array_add_element (self->items, json_node_copy (value));
  /* After the first listing each change is a table of one row; a long one is printed in tables of
   * so many rows, each aligned in itself, because it must not have to fit into memory. */
  if ((self->follows && self->result != NULL) ||
      json_array_get_length (self->items) >= ROWS_MAX_COUNT)
    return print_items (self, error);
  return TRUE;
}

static gboolean
take_result (BkTextSink *self, JsonNode *value, GError **error)
{
  g_clear_pointer (&self->result, json_node_unref);
  self->result = json_node_copy (value);
  return !self->follows || print_items (self, error);
}

static gboolean
sink_emit (
    BkSink *sink, BkSinkKind kind, JsonNode *value, GCancellable *cancellable, GError **error)
{
  BkTextSink *self = BK_TEXT_SINK (sink);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  switch (kind)
    {
    case BK_SINK_ITEM:
      return take_item (self, value, error);
    case BK_SINK_RESULT:
      return take_result (self, value, error);
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
sink_stream (BkSink *sink,
             GInputStream *bytes,
             const char *file_name,
             gint64 size_hint_bytes,
             GCancellable *cancellable,
             GError **error)
{
  BkTextSink *self = BK_TEXT_SINK (sink);

  return bk_output_stream (self->output_path, bytes, file_name, &self->written_path,
                           &self->written_bytes, cancellable, error);
}

static void
sink_iface_init (BkSinkInterface *iface)
{
  iface->emit = sink_emit;
  iface->stream = sink_stream;
}

static gboolean
print_written (BkTextSink *self, GError **error)
{
  g_autofree char *size = bk_size_text (self->written_bytes);
  g_autofree char *line = g_strdup_printf ("%s: %s\n", self->written_path, size);

  return bk_output_print (line, error);
}

static gboolean
print_result (BkTextSink *self, GError **error)
{
  g_autofree char *text = bk_view_result (self->operation, self->result);

  return bk_output_print (text, error);
}

/**
 * bk_text_sink_finish:
 *
 * Prints what was collected.
 */
gboolean
bk_text_sink_finish (BkTextSink *sink, GError **error)
{
  gboolean is_stream = (sink->operation->flags & BK_OPERATION_STREAM) != 0;

  bk_note_clear ();
  if (json_array_get_length (sink->items) > 0 && !print_items (sink, error))
    return FALSE;
  if (sink->written_path != NULL && !print_written (sink, error))
    return FALSE;
  if (sink->result != NULL && !is_stream && !sink->follows && !print_result (sink, error))
    return FALSE;
  return bk_output_flush (error);
}

gboolean
bk_text_sink_has_warnings (BkTextSink *sink)
{
  return bk_result_has_warnings (sink->result);
}
