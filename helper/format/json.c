#include "format/json.h"

#include "base/error.h"
#include "base/gettext.h"
#include "base/json-strict.h"
#include "base/timestamp.h"

#include <string.h>

static gboolean
broken (GError **error, const char *what, const char *name, const char *why)
{
  bk_set_error (error, BK_ERROR_INTEGRITY, "%s: “%s” %s", what, name, why);
  return FALSE;
}

/**
 * bk_json_parse_object:
 * @text: hostile until checked; the caller has bounded its length
 * @length_bytes: -1 when @text ends with a NUL
 * @what: what to call it in an error, for instance "manifest.json of vm/web1"
 *
 * Returns: (transfer full) (nullable): the object, or %NULL with %BK_ERROR_INTEGRITY.
 */
JsonObject *
bk_json_parse_object (const char *text, gssize length_bytes, const char *what, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (GError) local = NULL;
  gsize length = length_bytes < 0 ? strlen (text) : (gsize) length_bytes;

  if (!bk_json_is_strict (text, length))
    {
      bk_set_error (error, BK_ERROR_INTEGRITY,
                    "%s is not JSON text, or nested deeper than %d levels", what,
                    BK_JSON_DEPTH_MAX);
      return NULL;
    }
  if (!json_parser_load_from_data (parser, text, (gssize) length, &local))
    {
      g_autofree char *line = bk_error_one_line (local->message);

      bk_set_error (error, BK_ERROR_INTEGRITY, "%s is not valid JSON: %s", what, line);
      return NULL;
    }

  JsonNode *root = json_parser_get_root (parser);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    {
      bk_set_error (error, BK_ERROR_INTEGRITY, "%s is not a JSON object", what);
      return NULL;
    }
  return json_node_dup_object (root);
}

/**
 * bk_json_to_text:
 * @pretty: two-space indentation for files that people read, else one line
 *
 * Returns: (transfer full): the text; a pretty one ends with a newline.
 */
char *
bk_json_to_text (JsonNode *node, gboolean pretty)
{
  g_autoptr (JsonGenerator) generator = json_generator_new ();

  json_generator_set_root (generator, node);
  json_generator_set_pretty (generator, pretty);
  g_autofree char *text = json_generator_to_data (generator, NULL);
  return pretty ? g_strconcat (text, "\n", NULL) : g_steal_pointer (&text);
}

/**
 * bk_json_object_node:
 * @object: (transfer full): put into a node of its own
 *
 * Returns: (transfer full): the node.
 */
JsonNode *
bk_json_object_node (JsonObject *object)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, object);
  return node;
}

static gboolean
holds (JsonNode *node, GType type)
{
  return node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == type;
}

/**
 * bk_json_string:
 * @value: (out) (transfer none): lives as long as @object
 */
gboolean
bk_json_string (
    JsonObject *object, const char *name, const char *what, const char **value, GError **error)
{
  JsonNode *node = json_object_get_member (object, name);

  if (!holds (node, G_TYPE_STRING))
    return broken (error, what, name, node == NULL ? _ ("is missing") : _ ("is not a text"));
  *value = json_node_get_string (node);
  return TRUE;
}

/**
 * bk_json_string_or_null:
 * @value: (out) (transfer none) (nullable): %NULL when the member is null or missing
 */
gboolean
bk_json_string_or_null (
    JsonObject *object, const char *name, const char *what, const char **value, GError **error)
{
  JsonNode *node = json_object_get_member (object, name);

  *value = NULL;
  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  return bk_json_string (object, name, what, value, error);
}

/**
 * bk_json_count:
 * @max: the largest value that can be meant
 * @value: (out): a whole number from 0 to @max
 */
gboolean
bk_json_count (JsonObject *object,
               const char *name,
               const char *what,
               guint64 max,
               guint64 *value,
               GError **error)
{
  JsonNode *node = json_object_get_member (object, name);

  if (!holds (node, G_TYPE_INT64))
    return broken (error, what, name,
                   node == NULL ? _ ("is missing") : _ ("is not a whole number"));
  if (json_node_get_int (node) < 0 || (guint64) json_node_get_int (node) > max)
    return broken (error, what, name, _ ("is out of its range"));
  *value = (guint64) json_node_get_int (node);
  return TRUE;
}

/**
 * bk_json_array:
 * @what: the document, for an error
 * @max_length: how many elements it may have
 * @value: (out) (transfer none)
 *
 * Errors: %BK_ERROR_INTEGRITY when there is none, it is something else, or longer.
 */
gboolean
bk_json_array (JsonObject *object,
               const char *name,
               const char *what,
               guint max_length,
               JsonArray **value,
               GError **error)
{
  JsonNode *node = json_object_get_member (object, name);

  if (node == NULL || !JSON_NODE_HOLDS_ARRAY (node))
    return broken (error, what, name, node == NULL ? _ ("is missing") : _ ("is not a list"));
  if (json_array_get_length (json_node_get_array (node)) > max_length)
    return broken (error, what, name, _ ("is longer than such a list can be"));
  *value = json_node_get_array (node);
  return TRUE;
}

/**
 * bk_json_object:
 * @what: the document, for an error
 * @value: (out) (transfer none)
 *
 * Errors: %BK_ERROR_INTEGRITY when there is none, or it is something else.
 */
gboolean
bk_json_object (
    JsonObject *object, const char *name, const char *what, JsonObject **value, GError **error)
{
  JsonNode *node = json_object_get_member (object, name);

  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    return broken (error, what, name, node == NULL ? _ ("is missing") : _ ("is not an object"));
  *value = json_node_get_object (node);
  return TRUE;
}

/**
 * bk_json_time_or_zero:
 * @usecs: (out): 0 when the member is null or missing
 */
gboolean
bk_json_time_or_zero (
    JsonObject *object, const char *name, const char *what, gint64 *usecs, GError **error)
{
  const char *text;

  *usecs = 0;
  if (!bk_json_string_or_null (object, name, what, &text, error))
    return FALSE;
  if (text == NULL)
    return TRUE;
  *usecs = bk_time_from_iso (text);
  return *usecs != BK_TIME_INVALID ||
         broken (error, what, name, _ ("is not a time such as 2026-11-20T02:00:00.000Z"));
}

/**
 * bk_json_set_string_or_null:
 * @value: (nullable)
 */
void
bk_json_set_string_or_null (JsonObject *object, const char *name, const char *value)
{
  if (value == NULL)
    json_object_set_null_member (object, name);
  else
    json_object_set_string_member (object, name, value);
}

/**
 * bk_json_set_time_or_null:
 * @usecs: since 1970; 0: null
 */
void
bk_json_set_time_or_null (JsonObject *object, const char *name, gint64 usecs)
{
  g_autofree char *iso = usecs == 0 ? NULL : bk_time_to_iso (usecs);

  bk_json_set_string_or_null (object, name, iso);
}
