#include "format/settings-json.h"

#include "base/error.h"
#include "base/gettext.h"

const char *const bk_settings_json_sections[] = { "storages", "backups", "schedules", NULL };

static char *
text_of (JsonNode *node, const BkSetting *setting)
{
  if (!JSON_NODE_HOLDS_VALUE (node))
    return NULL;

  GType type = json_node_get_value_type (node);
  if (setting->type == BK_SETTING_COUNT)
    return type == G_TYPE_INT64 ? g_strdup_printf ("%" G_GINT64_FORMAT, json_node_get_int (node))
                                : NULL;
  return type == G_TYPE_STRING ? json_node_dup_string (node) : NULL;
}

static gboolean
check_names (JsonObject *config, GError **error)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  json_object_iter_init (&iter, config);
  while (json_object_iter_next (&iter, &name, &node))
    {
      if (bk_setting_find (name) == NULL && !g_strv_contains (bk_settings_json_sections, name))
        {
          g_autofree char *line = bk_error_one_line (name);

          bk_set_error (error, BK_ERROR_USAGE, "The setting “%s” is not known", line);
          return FALSE;
        }
    }
  return TRUE;
}

/**
 * bk_settings_apply_json:
 * @config: hostile until checked
 *
 * Errors: %BK_ERROR_USAGE for a setting that is not known, of the wrong type or out of its range;
 *   @settings may have been changed in part.
 */
gboolean
bk_settings_apply_json (BkSettings *settings, JsonObject *config, GError **error)
{
  if (!check_names (config, error))
    return FALSE;
  for (const BkSetting *setting = bk_setting_all (); setting->name != NULL; setting++)
    {
      if (!json_object_has_member (config, setting->name))
        continue;

      g_autofree char *text = text_of (json_object_get_member (config, setting->name), setting);
      if (text == NULL)
        {
          bk_set_error (error, BK_ERROR_USAGE,
                        setting->type == BK_SETTING_COUNT
                            ? _ ("The setting “%s” must be a whole number")
                            : _ ("The setting “%s” must be a text"),
                        setting->name);
          return FALSE;
        }
      if (!bk_settings_set (settings, setting, text, error))
        return FALSE;
    }
  return TRUE;
}

/**
 * bk_setting_value_to_json:
 *
 * Returns: (transfer full): the value as config.json has it.
 */
JsonNode *
bk_setting_value_to_json (const BkSettings *settings, const BkSetting *setting)
{
  JsonNode *node = json_node_alloc ();

  if (setting->type == BK_SETTING_COUNT)
    return json_node_init_int (node, bk_settings_get_count (settings, setting));
  return json_node_init_string (node, bk_settings_get_text (settings, setting));
}

/**
 * bk_settings_add_json:
 * @object: gets a member for each setting
 */
void
bk_settings_add_json (const BkSettings *settings, JsonObject *object)
{
  for (const BkSetting *setting = bk_setting_all (); setting->name != NULL; setting++)
    json_object_set_member (object, setting->name, bk_setting_value_to_json (settings, setting));
}
