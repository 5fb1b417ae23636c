#include "cli/json-sink.h"

#include "base/error.h"
#include "cli/notes.h"
#include "cli/output.h"
#include "format/json.h"

struct _BkJsonSink
{
  GObject parent_instance;

  gboolean follows;
  char *output_path;
  gboolean has_items; /* the document is open: {"items": [ … */
  JsonNode *result;   /* (nullable) */
  char *written_path;
  guint64 written_bytes;
};

static void sink_iface_init (BkSinkInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BkJsonSink,
                               bk_json_sink,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BK_TYPE_SINK, sink_iface_init))

static void
bk_json_sink_init (BkJsonSink *self)
{
}

static void
bk_json_sink_finalize (GObject *object)
{
  BkJsonSink *self = BK_JSON_SINK (object);

  g_free (self->output_path);
  g_free (self->written_path);
  g_clear_pointer (&self->result, json_node_unref);
  G_OBJECT_CLASS (bk_json_sink_parent_class)->finalize (object);
}

static void
bk_json_sink_class_init (BkJsonSinkClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bk_json_sink_finalize;
}

/**
 * bk_json_sink_new:
 * @follows: print each frame as it comes
 * @output_path: (nullable): where bytes go; see bk_output_stream()
 */
BkJsonSink *
bk_json_sink_new (gboolean follows, const char *output_path)
{
  BkJsonSink *self = g_object_new (BK_TYPE_JSON_SINK, NULL);

  self->follows = follows;
  self->output_path = g_strdup (output_path);
  return self;
}

static gboolean
print_node (JsonNode *node, gboolean pretty, GError **error)
{
  g_autofree char *text = bk_json_to_text (node, pretty);

  return bk_output_print (text, error) && (pretty || bk_output_print ("\n", error)) &&
         bk_output_flush (error);
}

static gboolean
print_frame (BkSinkKind kind, JsonNode *value, GError **error)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  json_object_set_member (object, bk_sink_kind_to_string (kind), json_node_copy (value));
  json_node_set_object (node, object);
  return print_node (node, FALSE, error);
}

/* Items are printed as they come, so that a listing of a million of them takes no memory. */
static gboolean
print_item (BkJsonSink *self, JsonNode *value, GError **error)
{
  g_autofree char *text = bk_json_to_text (value, FALSE);
  const char *before = self->has_items ? ",\n    " : "{\n  \"items\" : [\n    ";

  self->has_items = TRUE;
  return bk_output_print (before, error) && bk_output_print (text, error);
}

static gboolean
sink_emit (
    BkSink *sink, BkSinkKind kind, JsonNode *value, GCancellable *cancellable, GError **error)
{
  BkJsonSink *self = BK_JSON_SINK (sink);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (kind == BK_SINK_RESULT)
    {
      g_clear_pointer (&self->result, json_node_unref);
      self->result = json_node_copy (value);
    }
  if (self->follows)
    return print_frame (kind, value, error);
  if (kind == BK_SINK_LOG)
    bk_note_log (value);
  if (kind == BK_SINK_PROGRESS)
    bk_note_progress (value);
  return kind != BK_SINK_ITEM || print_item (self, value, error);
}

static gboolean
sink_stream (BkSink *sink,
             GInputStream *bytes,
             const char *file_name,
             gint64 size_hint_bytes,
             GCancellable *cancellable,
             GError **error)
{
  BkJsonSink *self = BK_JSON_SINK (sink);

  return bk_output_stream (self->output_path, bytes, file_name, &self->written_path,
                           &self->written_bytes, cancellable, error);
}

static void
sink_iface_init (BkSinkInterface *iface)
{
  iface->emit = sink_emit;
  iface->stream = sink_stream;
}

static void
add_members (JsonObject *document, JsonNode *result)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  if (result == NULL || !JSON_NODE_HOLDS_OBJECT (result))
    return;
  json_object_iter_init_ordered (&iter, json_node_get_object (result));
  while (json_object_iter_next_ordered (&iter, &name, &node))
    json_object_set_member (document, name, json_node_copy (node));
}

/* Closes the list of items and adds the other members to the document it stands in. */
static gboolean
print_after_items (JsonObject *others, GError **error)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  json_node_set_object (node, others);
  g_autofree char *text = bk_json_to_text (node, TRUE);
  gboolean is_empty = json_object_get_size (others) == 0;

  return bk_output_print (is_empty ? "\n  ]\n}\n" : "\n  ],", error) &&
         (is_empty || bk_output_print (text + 1, error)) && bk_output_flush (error);
}

/**
 * bk_json_sink_finish:
 * @is_done: whether the operation went well; else the document is printed if it had a result, or
 *   closed if it had items
 *
 * Prints the document: the items as "items", the result's members, and where bytes were written to.
 * Nothing where the operation followed.
 */
gboolean
bk_json_sink_finish (BkJsonSink *sink, gboolean is_done, GError **error)
{
  g_autoptr (JsonObject) document = json_object_new ();
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  bk_note_clear ();
  if (sink->follows || (!is_done && sink->result == NULL && !sink->has_items))
    return TRUE;

  add_members (document, sink->result);
  if (sink->written_path != NULL)
    {
      json_object_set_string_member (document, "path", sink->written_path);
      json_object_set_int_member (document, "size_bytes", (gint64) sink->written_bytes);
    }
  if (sink->has_items)
    return print_after_items (document, error);
  json_node_set_object (node, document);
  return print_node (node, TRUE, error);
}

gboolean
bk_json_sink_has_warnings (BkJsonSink *sink)
{
  return bk_result_has_warnings (sink->result);
}
