#include "api/operation.h"

#include "base/error.h"
#include "base/gettext.h"
#include "base/quantity.h"
#include "base/timestamp.h"
#include "model/project.h"

#include <string.h>

/* Bounds on what one call may carry; they only have to be beyond any honest use. */
#define STRING_MAX_BYTES 4096
#define STRINGS_MAX_COUNT 10000

static char *
range_text (const BkParam *param)
{
  g_autofree char *min = g_strdup_printf ("%" G_GINT64_FORMAT, param->min);
  g_autofree char *max = g_strdup_printf ("%" G_GINT64_FORMAT, param->max);

  return g_strdup_printf (_ ("must be from %s to %s"), min, max);
}

static gboolean
wrong (GError **error, const BkOperation *operation, const char *name, const char *why)
{
  bk_set_error (error, BK_ERROR_USAGE, "%s: parameter “%s” %s", operation->name, name, why);
  return FALSE;
}

static gboolean
is_value_of (JsonNode *node, GType type)
{
  return JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == type;
}

static gboolean
is_good_string (JsonNode *node)
{
  return is_value_of (node, G_TYPE_STRING) &&
         strlen (json_node_get_string (node)) <= STRING_MAX_BYTES;
}

static gboolean
are_good_strings (JsonNode *node)
{
  if (!JSON_NODE_HOLDS_ARRAY (node))
    return FALSE;

  JsonArray *array = json_node_get_array (node);
  if (json_array_get_length (array) > STRINGS_MAX_COUNT)
    return FALSE;
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      if (!is_good_string (json_array_get_element (array, i)))
        return FALSE;
    }
  return TRUE;
}

static gboolean
is_choice (const char *text, const char *choices)
{
  g_auto (GStrv) words = g_strsplit (choices, "|", -1);

  return g_strv_contains ((const char *const *) words, text);
}

static gboolean
is_time (const char *text)
{
  g_autofree char *midnight = g_strdup_printf ("%sT00:00:00.000Z", text);

  return bk_time_from_iso (text) != BK_TIME_INVALID ||
         bk_time_from_iso (midnight) != BK_TIME_INVALID;
}

static gboolean
check_value (const BkOperation *operation, const BkParam *param, JsonNode *node, GError **error)
{
  switch (param->type)
    {
    case BK_PARAM_STRING:
      return is_good_string (node) || wrong (error, operation, param->name, _ ("must be a text"));
    case BK_PARAM_STRINGS:
      if (!are_good_strings (node))
        return wrong (error, operation, param->name, _ ("must be a list of texts"));
      if ((param->flags & BK_PARAM_REQUIRED) != 0 &&
          json_array_get_length (json_node_get_array (node)) == 0)
        return wrong (error, operation, param->name, _ ("must name at least one"));
      return TRUE;
    case BK_PARAM_BOOL:
      return is_value_of (node, G_TYPE_BOOLEAN) ||
             wrong (error, operation, param->name, _ ("must be true or false"));
    case BK_PARAM_CHOICE:
      return (is_good_string (node) && is_choice (json_node_get_string (node), param->choices)) ||
             wrong (error, operation, param->name,
                    _ ("is not one of the values it can have; see --help"));
    case BK_PARAM_TIME:
      return (is_good_string (node) && is_time (json_node_get_string (node))) ||
             wrong (error, operation, param->name,
                    _ ("must be a date (2026-11-20) or a time (2026-11-20T02:00:00.000Z)"));
    case BK_PARAM_INT:
      break;
    }

  if (!is_value_of (node, G_TYPE_INT64))
    return wrong (error, operation, param->name, _ ("must be a whole number"));

  gint64 value = json_node_get_int (node);
  if ((param->min != 0 || param->max != 0) && (value < param->min || value > param->max))
    {
      g_autofree char *why = range_text (param);
      return wrong (error, operation, param->name, why);
    }
  return TRUE;
}

static const BkParam *
find_param (const BkOperation *operation, const char *name)
{
  for (const BkParam *param = operation->params; param->name != NULL; param++)
    {
      if (strcmp (param->name, name) == 0)
        return param;
    }
  return NULL;
}

/**
 * bk_operation_check_args:
 * @args: hostile until checked
 *
 * Errors: %BK_ERROR_USAGE for a parameter that is unknown, missing, of the wrong type or out of
 *   its range.
 */
gboolean
bk_operation_check_args (const BkOperation *operation, JsonObject *args, GError **error)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  json_object_iter_init (&iter, args);
  while (json_object_iter_next (&iter, &name, &node))
    {
      const BkParam *param = find_param (operation, name);

      if (param == NULL)
        {
          g_autofree char *line = bk_error_one_line (name);

          return wrong (error, operation, line, _ ("is not known"));
        }
      if (!check_value (operation, param, node, error))
        return FALSE;
    }
  for (const BkParam *param = operation->params; param->name != NULL; param++)
    {
      if ((param->flags & BK_PARAM_REQUIRED) != 0 && !json_object_has_member (args, param->name))
        return wrong (error, operation, param->name, _ ("is missing"));
    }
  return TRUE;
}

/**
 * bk_operation_find_in:
 * @table: closed by %NULL
 * @name: (nullable): for instance "vm.list"
 *
 * Returns: (transfer none) (nullable): the operation of that name.
 */
const BkOperation *
bk_operation_find_in (const BkOperation *const *table, const char *name)
{
  for (guint i = 0; name != NULL && table[i] != NULL; i++)
    {
      if (strcmp (table[i]->name, name) == 0)
        return table[i];
    }
  return NULL;
}

/**
 * bk_operation_find:
 * @name: (nullable): for instance "vm.list"
 *
 * Returns: (transfer none) (nullable): the operation of that name in bk_operation_all().
 */
const BkOperation *
bk_operation_find (const char *name)
{
  return bk_operation_find_in (bk_operation_all (), name);
}

/**
 * bk_operation_follows:
 * @args: checked
 *
 * Returns: whether a call stays open until it is cancelled. An operation that can follow does so
 *   always, unless it has a boolean “watch” or “follow”: then when that is true.
 */
gboolean
bk_operation_follows (const BkOperation *operation, JsonObject *args)
{
  static const char *const switches[] = { "watch", "follow" };

  if ((operation->flags & BK_OPERATION_FOLLOWS) == 0)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (switches); i++)
    {
      if (find_param (operation, switches[i]) != NULL)
        return json_object_get_boolean_member_with_default (args, switches[i], FALSE);
    }
  return TRUE;
}

/**
 * bk_call_bool:
 * @name: of a parameter that the operation declares
 * @fallback: when it was not given
 */
gboolean
bk_call_bool (const BkCall *call, const char *name, gboolean fallback)
{
  return json_object_get_boolean_member_with_default (call->args, name, fallback);
}

/**
 * bk_call_int:
 * @name: of a parameter that the operation declares, which was checked
 * @fallback: when it was not given
 */
gint64
bk_call_int (const BkCall *call, const char *name, gint64 fallback)
{
  return json_object_get_int_member_with_default (call->args, name, fallback);
}

/**
 * bk_call_string:
 *
 * Returns: (transfer none) (nullable): the text, or %NULL when it was not given.
 */
const char *
bk_call_string (const BkCall *call, const char *name)
{
  return json_object_get_string_member_with_default (call->args, name, NULL);
}

/**
 * bk_call_strings:
 *
 * Returns: (transfer full): the texts; empty when the parameter was not given.
 */
GStrv
bk_call_strings (const BkCall *call, const char *name)
{
  g_autoptr (GStrvBuilder) texts = g_strv_builder_new ();
  JsonArray *array = json_object_has_member (call->args, name)
                         ? json_object_get_array_member (call->args, name)
                         : NULL;

  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    g_strv_builder_add (texts, json_array_get_string_element (array, i));
  return g_strv_builder_end (texts);
}

/**
 * bk_call_project_of_id:
 *
 * Returns: (transfer full): the project of the backup that the parameter `id` names; empty when it
 *   names none. A BkProjectsFunc.
 */
GStrv
bk_call_project_of_id (const BkCall *call)
{
  g_autoptr (GStrvBuilder) ids = g_strv_builder_new ();
  g_autofree char *project_id = NULL;
  g_autofree char *backup_id = NULL;

  if (bk_backup_full_id_split (bk_call_string (call, "id"), &project_id, &backup_id, NULL, NULL))
    g_strv_builder_add (ids, project_id);
  return g_strv_builder_end (ids);
}
