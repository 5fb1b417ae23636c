#include "store/state/settings-file.h"

#include "base/atomic-file.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/lock.h"
#include "base/path.h"
#include "format/json.h"
#include "format/settings-json.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define CONFIG_MAX_BYTES (1024 * 1024)
#define CONFIG_MODE 0644
#define LOCK_NAME ".config.lock"

static const char *
path_from (const char *path, char **environment)
{
  const char *variable = g_environ_getenv (environment, BK_CONFIG_VARIABLE);

  if (path != NULL)
    return path;
  return variable != NULL && *variable != '\0' ? variable : BK_CONFIG_PATH;
}

static JsonObject *
read_object (int dirfd, const char *name, GError **error)
{
  g_autoptr (GBytes) bytes = bk_read_small_file (dirfd, name, CONFIG_MAX_BYTES, error);

  if (bytes == NULL)
    return NULL;
  gsize length_bytes;
  const char *text = g_bytes_get_data (bytes, &length_bytes);
  return bk_json_parse_object (text, (gssize) length_bytes, "It", error);
}

/* @may_lack: whether an empty object stands for a file that is not there */
static JsonObject *
read_config (const char *path, gboolean may_lack, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  g_autoptr (GError) local_error = NULL;
  autofd int dirfd = bk_open_directory (directory, &local_error);
  JsonObject *object = dirfd >= 0 ? read_object (dirfd, name, &local_error) : NULL;

  if (object != NULL)
    return object;
  if (may_lack && g_error_matches (local_error, BK_ERROR, BK_ERROR_NOT_FOUND))
    return json_object_new ();
  bk_propagate_prefixed_error (error, g_steal_pointer (&local_error),
                               "The settings “%s” cannot be read: ", path);
  return NULL;
}

/**
 * bk_config_read:
 * @settings: as they were loaded
 *
 * For the sections of config.json that are not plain settings. Only the file at %BK_CONFIG_PATH may be
 * missing: an empty object stands for it.
 *
 * Returns: (transfer full) (nullable): the whole object, its members not checked.
 */
JsonObject *
bk_config_read (const BkSettings *settings, GError **error)
{
  const char *path = settings->config_path == NULL ? BK_CONFIG_PATH : settings->config_path;

  return read_config (path, g_str_equal (path, BK_CONFIG_PATH), error);
}

static gboolean
apply_environment (BkSettings *settings, char **environment, GError **error)
{
  for (const BkSetting *setting = bk_setting_all (); setting->name != NULL; setting++)
    {
      const char *text =
          setting->variable != NULL ? g_environ_getenv (environment, setting->variable) : NULL;

      if (text == NULL || *text == '\0')
        continue;
      if (!bk_settings_set (settings, setting, text, error))
        {
          bk_prefix_error (error, "The environment variable %s is wrong: ", setting->variable);
          return FALSE;
        }
    }
  return TRUE;
}

/**
 * bk_settings_load:
 * @path: (nullable): config.json as the command line names it; it must then exist. Else
 *   %BK_CONFIG_VARIABLE in @environment, else %BK_CONFIG_PATH, which may be missing.
 * @environment: (nullable): as g_get_environ() returns it; BACKUP_DIR, LOG_DIR, PORT, LOG_LEVEL
 *   and ENVIRONMENT in it override the file
 *
 * Returns: (transfer full) (nullable): the settings.
 * Errors: %BK_ERROR_USAGE for a wrong setting, and what reading a file can meet.
 */
BkSettings *
bk_settings_load (const char *path, char **environment, GError **error)
{
  g_autoptr (BkSettings) settings = bk_settings_new ();
  const char *config_path = path_from (path, environment);
  gboolean may_lack = g_str_equal (config_path, BK_CONFIG_PATH);
  g_autoptr (JsonObject) config = read_config (config_path, may_lack, error);

  if (config == NULL)
    return NULL;
  if (!bk_settings_apply_json (settings, config, error))
    {
      bk_prefix_error (error, "“%s” is wrong: ", config_path);
      return NULL;
    }
  if (!apply_environment (settings, environment, error))
    return NULL;
  settings->config_path = g_canonicalize_filename (config_path, NULL);
  return g_steal_pointer (&settings);
}

static gboolean
write_config (int dirfd, const char *name, JsonObject *config, GError **error)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);

  json_node_set_object (root, config);
  g_autofree char *text = bk_json_to_text (root, TRUE);
  return bk_atomic_write (dirfd, name, text, strlen (text), CONFIG_MODE, error);
}

static JsonObject *
copy_of (JsonObject *object)
{
  g_autoptr (GList) names = json_object_get_members (object);
  JsonObject *copy = json_object_new ();

  for (GList *l = names; l != NULL; l = l->next)
    json_object_set_member (copy, l->data, json_object_dup_member (object, l->data));
  return copy;
}

/**
 * bk_config_change:
 * @path: config.json; it is made if it is missing, and its directory too
 *
 * The file is replaced as a whole: whoever reads it sees the old or the new one. What @func does not
 * touch stays as it is. Of two at the same time the second waits for the first: a person leaves one
 * field of the page right after another.
 *
 * Errors: %BK_ERROR_USAGE for a wrong setting.
 */
gboolean
bk_config_change (const char *path, BkConfigFunc func, gpointer user_data, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  g_autofree char *file_name = g_path_get_basename (path);

  if (g_mkdir_with_parents (directory, 0755) < 0)
    return bk_error_set_errno (error, errno, "The directory “%s” cannot be made", directory);

  autofd int dirfd = bk_open_directory (directory, error);
  g_autoptr (BkLock) lock = dirfd >= 0 ? bk_lock_wait (dirfd, LOCK_NAME, error) : NULL;
  if (lock == NULL)
    return FALSE;

  g_autoptr (JsonObject) old_config = read_config (path, TRUE, error);
  if (old_config == NULL)
    return FALSE;
  g_autoptr (JsonObject) config = copy_of (old_config);
  if (!func (config, user_data, error))
    return FALSE;

  g_autoptr (BkSettings) whole = bk_settings_new ();
  if (!bk_settings_apply_json (whole, config, error))
    {
      bk_prefix_error (error, "“%s” is wrong: ", path);
      return FALSE;
    }
  return write_config (dirfd, file_name, config, error);
}

typedef struct
{
  const BkSetting *setting;
  const char *text;
} Change;

static gboolean
put_setting (JsonObject *config, gpointer user_data, GError **error)
{
  const Change *change = user_data;
  g_autoptr (BkSettings) settings = bk_settings_new ();

  if (!bk_settings_set (settings, change->setting, change->text, error))
    return FALSE;
  json_object_set_member (config, change->setting->name,
                          bk_setting_value_to_json (settings, change->setting));
  return TRUE;
}

/**
 * bk_settings_store:
 * @path: config.json
 * @name: of the setting
 * @text: its value, hostile until checked
 *
 * Changes one setting in the file; see bk_config_change().
 *
 * Errors: %BK_ERROR_USAGE for a wrong setting.
 */
gboolean
bk_settings_store (const char *path, const char *name, const char *text, GError **error)
{
  Change change = { bk_setting_find (name), text };

  if (change.setting != NULL)
    return bk_config_change (path, put_setting, &change, error);
  g_autofree char *line = bk_error_one_line (name);
  bk_set_error (error, BK_ERROR_USAGE, "The setting “%s” is not known; “config get” shows them all",
                line);
  return FALSE;
}
