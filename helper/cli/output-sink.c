#include "cli/output-sink.h"

#include "cli/notes.h"
#include "cli/output.h"

typedef struct
{
  char *output_path;
  JsonNode *result; /* (nullable) */
  char *written_path;
  guint64 written_bytes;
} BkOutputSinkPrivate;

static void sink_iface_init (BkSinkInterface *iface);

G_DEFINE_ABSTRACT_TYPE_WITH_CODE (BkOutputSink,
                                  bk_output_sink,
                                  G_TYPE_OBJECT,
                                  G_ADD_PRIVATE (BkOutputSink)
                                      G_IMPLEMENT_INTERFACE (BK_TYPE_SINK, sink_iface_init))

static BkOutputSinkPrivate *
get_private (BkOutputSink *self)
{
  return bk_output_sink_get_instance_private (self);
}

static void
bk_output_sink_init (BkOutputSink *self)
{
}

static void
bk_output_sink_finalize (GObject *object)
{
  BkOutputSinkPrivate *priv = get_private (BK_OUTPUT_SINK (object));

  g_free (priv->output_path);
  g_free (priv->written_path);
  g_clear_pointer (&priv->result, json_node_unref);
  G_OBJECT_CLASS (bk_output_sink_parent_class)->finalize (object);
}

static void
bk_output_sink_class_init (BkOutputSinkClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bk_output_sink_finalize;
}

/**
 * bk_output_sink_set_path:
 * @output_path: (nullable): where bytes go; see bk_output_stream()
 */
void
bk_output_sink_set_path (BkOutputSink *sink, const char *output_path)
{
  BkOutputSinkPrivate *priv = get_private (sink);

  g_free (priv->output_path);
  priv->output_path = g_strdup (output_path);
}

static gboolean
sink_emit (
    BkSink *sink, BkSinkKind kind, JsonNode *value, GCancellable *cancellable, GError **error)
{
  BkOutputSink *self = BK_OUTPUT_SINK (sink);
  BkOutputSinkPrivate *priv = get_private (self);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (kind == BK_SINK_RESULT)
    {
      g_clear_pointer (&priv->result, json_node_unref);
      priv->result = json_node_copy (value);
    }
  return BK_OUTPUT_SINK_GET_CLASS (self)->take (self, kind, value, error);
}

static gboolean
sink_stream (BkSink *sink,
             GInputStream *bytes,
             const char *file_name,
             gint64 size_hint_bytes,
             GCancellable *cancellable,
             GError **error)
{
  BkOutputSinkPrivate *priv = get_private (BK_OUTPUT_SINK (sink));

  return bk_output_stream (priv->output_path, bytes, file_name, &priv->written_path,
                           &priv->written_bytes, cancellable, error);
}

static void
sink_iface_init (BkSinkInterface *iface)
{
  iface->emit = sink_emit;
  iface->stream = sink_stream;
}

/**
 * bk_output_sink_get_result:
 *
 * Returns: (transfer none) (nullable): what the operation ended with, so far
 */
JsonNode *
bk_output_sink_get_result (BkOutputSink *sink)
{
  return get_private (sink)->result;
}

/**
 * bk_output_sink_get_written:
 * @written_bytes: (out): how much was written there
 *
 * Returns: (transfer none) (nullable): the file that bytes were written to
 */
const char *
bk_output_sink_get_written (BkOutputSink *sink, guint64 *written_bytes)
{
  BkOutputSinkPrivate *priv = get_private (sink);

  *written_bytes = priv->written_bytes;
  return priv->written_path;
}

/**
 * bk_output_sink_finish:
 * @is_done: whether the operation went well
 *
 * Prints what has waited for the end.
 */
gboolean
bk_output_sink_finish (BkOutputSink *sink, gboolean is_done, GError **error)
{
  bk_note_clear ();
  return BK_OUTPUT_SINK_GET_CLASS (sink)->finish (sink, is_done, error);
}

/**
 * bk_output_sink_has_warnings:
 *
 * Returns: whether the operation is done with warnings, which has an exit status of its own.
 */
gboolean
bk_output_sink_has_warnings (BkOutputSink *sink)
{
  return bk_result_has_warnings (get_private (sink)->result);
}
