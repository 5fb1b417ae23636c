#include "cli/json-sink.h"

#include "base/error.h"
#include "cli/notes.h"
#include "cli/output.h"
#include "format/json.h"

struct _BkJsonSink
{
  BkOutputSink parent_instance;

  gboolean follows;
  gboolean has_items; /* the document is open: {"items": [ … */
};

G_DEFINE_FINAL_TYPE (BkJsonSink, bk_json_sink, BK_TYPE_OUTPUT_SINK)

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
json_sink_take (BkOutputSink *sink, BkSinkKind kind, JsonNode *value, GError **error)
{
  BkJsonSink *self = BK_JSON_SINK (sink);

  if (self->follows)
    return print_frame (kind, value, error);
  if (kind == BK_SINK_LOG)
    bk_note_log (value);
  if (kind == BK_SINK_PROGRESS)
    bk_note_progress (value);
  return kind != BK_SINK_ITEM || print_item (self, value, error);
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

/* The document: the items as "items", the result's members, and where bytes were written to. Nothing
 * where the operation followed. After a failure it is printed if it had a result, or closed if it had
 * items. */
static gboolean
json_sink_finish (BkOutputSink *sink, gboolean is_done, GError **error)
{
  BkJsonSink *self = BK_JSON_SINK (sink);
  JsonNode *result = bk_output_sink_get_result (sink);
  g_autoptr (JsonObject) document = json_object_new ();
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  if (self->follows || (!is_done && result == NULL && !self->has_items))
    return TRUE;

  guint64 written_bytes;
  const char *written_path = bk_output_sink_get_written (sink, &written_bytes);

  add_members (document, result);
  if (written_path != NULL)
    {
      json_object_set_string_member (document, "path", written_path);
      json_object_set_int_member (document, "size_bytes", (gint64) written_bytes);
    }
  if (self->has_items)
    return print_after_items (document, error);
  json_node_set_object (node, document);
  return print_node (node, TRUE, error);
}

static void
bk_json_sink_class_init (BkJsonSinkClass *klass)
{
  BK_OUTPUT_SINK_CLASS (klass)->take = json_sink_take;
  BK_OUTPUT_SINK_CLASS (klass)->finish = json_sink_finish;
}

static void
bk_json_sink_init (BkJsonSink *self)
{
}

/**
 * bk_json_sink_new:
 * @follows: print each frame as it comes
 */
BkOutputSink *
bk_json_sink_new (gboolean follows)
{
  BkJsonSink *self = g_object_new (BK_TYPE_JSON_SINK, NULL);

  self->follows = follows;
  return BK_OUTPUT_SINK (self);
}
