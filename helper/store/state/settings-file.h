#pragma once

#include "model/settings.h"

#include <json-glib/json-glib.h>

#define BK_CONFIG_PATH "/etc/cockpit-backup/config.json"

/* Where the settings are read from when the command line does not say. */
#define BK_CONFIG_VARIABLE "COCKPIT_BACKUP_CONFIG"

BkSettings *bk_settings_load (const char *path, char **environment, GError **error);
gboolean bk_settings_store (const char *path, const char *name, const char *text, GError **error);
JsonObject *bk_config_read (const BkSettings *settings, GError **error);

/* Changes @config in place. Returning %FALSE with an error leaves the file as it is. */
typedef gboolean (*BkConfigFunc) (JsonObject *config, gpointer user_data, GError **error);
gboolean bk_config_change (const char *path, BkConfigFunc func, gpointer user_data, GError **error);
