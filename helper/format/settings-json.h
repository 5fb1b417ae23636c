#pragma once

#include "model/settings.h"

#include <json-glib/json-glib.h>

/* config.json: one object, its members named as in bk_setting_all(). */

/* Members of config.json that are not plain settings: another module reads them out of the file,
 * which is not refused because of them. */
extern const char *const bk_settings_json_sections[];

gboolean bk_settings_apply_json (BkSettings *settings, JsonObject *config, GError **error);
void bk_settings_add_json (const BkSettings *settings, JsonObject *object);
JsonNode *bk_setting_value_to_json (const BkSettings *settings, const BkSetting *setting);
