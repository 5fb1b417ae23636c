#include "model/settings.h"

#include "base/error.h"
#include "base/gettext.h"

#include <string.h>

#define TEXT_MAX_BYTES 4096

#define SETTING(member) #member, .offset = G_STRUCT_OFFSET(BkSettings, member)

/* state_dir comes first: the directories below it follow it unless they are set themselves. */
static const BkSetting table[] = {
  { SETTING (state_dir), .type = BK_SETTING_PATH, .summary = N_ ("the program's own records") },
  { SETTING (repository_dir), .variable = "BACKUP_DIR", .type = BK_SETTING_PATH,
    .summary = N_ ("the directory that holds all backups") },
  { SETTING (log_dir), .variable = "LOG_DIR", .type = BK_SETTING_PATH,
    .summary = N_ ("the logs, one a project and day") },
  { SETTING (runtime_dir), .type = BK_SETTING_PATH,
    .summary = N_ ("jobs and socket of this boot") },
  { SETTING (connect_uri), .type = BK_SETTING_URI, .summary = N_ ("the libvirt connection") },
  { SETTING (max_incrementals), .type = BK_SETTING_COUNT, .min = 1, .max = BK_MAX_INCREMENTALS_MAX,
    .summary = N_ ("incrementals of a VM before they are consolidated") },
  { SETTING (retention_days), .type = BK_SETTING_COUNT, .max = 36500,
    .summary = N_ ("days to keep standalone copies; 0 keeps them") },
  { SETTING (log_retention_days), .type = BK_SETTING_COUNT, .max = 36500,
    .summary = N_ ("days to keep logs; 0 keeps them") },
  { SETTING (merge_mode), .type = BK_SETTING_CHOICE, .choices = "auto|in-place|copy",
    .summary = N_ ("how a VM's incrementals are consolidated") },
  { SETTING (compression), .type = BK_SETTING_CHOICE, .choices = "none|zstd",
    .summary = N_ ("of consolidated VM backups; zstd implies a copy") },
  { SETTING (verify), .type = BK_SETTING_CHOICE, .choices = "no|yes",
    .summary = N_ ("whether VM backups are read again at their end") },
  { SETTING (port), .variable = "PORT", .type = BK_SETTING_COUNT, .min = 1, .max = 65535,
    .summary = N_ ("the port of the HTTP service") },
  { SETTING (log_level), .variable = "LOG_LEVEL", .type = BK_SETTING_CHOICE,
    .choices = "debug|info|warning|error", .summary = N_ ("the least level that is logged") },
  { SETTING (environment), .variable = "ENVIRONMENT", .type = BK_SETTING_CHOICE,
    .choices = "production|development", .summary = N_ ("what the machine is used for") },
  { NULL },
};

/**
 * bk_setting_all:
 *
 * Returns: (transfer none): every setting, closed by one without a name.
 */
const BkSetting *
bk_setting_all (void)
{
  return table;
}

/**
 * bk_setting_find:
 *
 * Returns: (transfer none) (nullable): the setting of that name in config.json.
 */
const BkSetting *
bk_setting_find (const char *name)
{
  for (const BkSetting *setting = table; setting->name != NULL; setting++)
    {
      if (g_strcmp0 (setting->name, name) == 0)
        return setting;
    }
  return NULL;
}

/**
 * bk_settings_new:
 *
 * Returns: (transfer full): what is in force when nobody has set anything.
 */
BkSettings *
bk_settings_new (void)
{
  BkSettings *self = g_new0 (BkSettings, 1);

  self->state_dir = g_strdup ("/var/lib/cockpit-backup");
  self->repository_dir = g_strdup ("/var/lib/cockpit-backup/repository");
  self->log_dir = g_strdup ("/var/lib/cockpit-backup/logs");
  self->runtime_dir = g_strdup ("/run/cockpit-backup");
  self->connect_uri = g_strdup ("qemu:///system");
  self->max_incrementals = BK_MAX_INCREMENTALS_DEFAULT;
  self->retention_days = 30;
  self->log_retention_days = 90;
  self->merge_mode = g_strdup ("auto");
  self->compression = g_strdup ("none");
  self->verify = g_strdup ("no");
  self->port = BK_PORT_DEFAULT;
  self->log_level = g_strdup ("info");
  self->environment = g_strdup ("production");
  return self;
}

static char **
text_member (BkSettings *settings, const BkSetting *setting)
{
  return &G_STRUCT_MEMBER (char *, settings, setting->offset);
}

BkSettings *
bk_settings_copy (const BkSettings *settings)
{
  BkSettings *copy = g_memdup2 (settings, sizeof *settings);

  for (const BkSetting *setting = table; setting->name != NULL; setting++)
    {
      if (setting->type != BK_SETTING_COUNT)
        *text_member (copy, setting) = g_strdup (*text_member (copy, setting));
    }
  copy->config_path = g_strdup (settings->config_path);
  return copy;
}

void
bk_settings_free (BkSettings *settings)
{
  for (const BkSetting *setting = table; setting->name != NULL; setting++)
    {
      if (setting->type != BK_SETTING_COUNT)
        g_free (*text_member (settings, setting));
    }
  g_free (settings->config_path);
  g_free (settings);
}

static gboolean
is_plain_text (const char *text)
{
  if (*text == '\0' || strlen (text) > TEXT_MAX_BYTES || !g_utf8_validate (text, -1, NULL))
    return FALSE;
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      if (g_unichar_iscntrl (g_utf8_get_char (p)))
        return FALSE;
    }
  return TRUE;
}

static gboolean
is_path (const char *text)
{
  if (!is_plain_text (text) || *text != '/')
    return FALSE;

  g_auto (GStrv) names = g_strsplit (text, "/", -1);
  return !g_strv_contains ((const char *const *) names, "..");
}

static gboolean
is_choice (const char *text, const char *choices)
{
  g_auto (GStrv) words = g_strsplit (choices, "|", -1);

  return g_strv_contains ((const char *const *) words, text);
}

static char *
what_it_must_be (const BkSetting *setting)
{
  switch (setting->type)
    {
    case BK_SETTING_PATH:
      return g_strdup (_ ("must be an absolute path without “..”, for instance /srv/backup"));
    case BK_SETTING_URI:
      return g_strdup (_ ("must be a libvirt connection, for instance qemu:///system"));
    case BK_SETTING_COUNT:
      return g_strdup_printf (_ ("must be a whole number from %u to %u"), setting->min,
                              setting->max);
    case BK_SETTING_CHOICE:
    default:
      return g_strdup_printf (_ ("must be one of %s"), setting->choices);
    }
}

/* What stands below the old state directory by default goes along with it. */
static void
follow_state_dir (char **directory, const char *name, const char *old_dir, const char *new_dir)
{
  g_autofree char *old_default = g_build_filename (old_dir, name, NULL);

  if (!g_str_equal (*directory, old_default))
    return;
  g_free (*directory);
  *directory = g_build_filename (new_dir, name, NULL);
}

static gboolean
is_acceptable (const BkSetting *setting, const char *text, guint *count)
{
  guint64 number = 0;

  switch (setting->type)
    {
    case BK_SETTING_PATH:
      return is_path (text);
    case BK_SETTING_URI:
      return is_plain_text (text) && strchr (text, ':') != NULL;
    case BK_SETTING_COUNT:
      if (!g_ascii_string_to_unsigned (text, 10, setting->min, setting->max, &number, NULL))
        return FALSE;
      *count = (guint) number;
      return TRUE;
    case BK_SETTING_CHOICE:
    default:
      return is_choice (text, setting->choices);
    }
}

/**
 * bk_settings_set:
 * @text: hostile until checked; a count is its decimal digits
 *
 * Setting state_dir takes repository_dir and log_dir along while they are the defaults below it.
 *
 * Errors: %BK_ERROR_USAGE, naming the setting and what it must be.
 */
gboolean
bk_settings_set (BkSettings *settings, const BkSetting *setting, const char *text, GError **error)
{
  guint count = 0;

  if (!is_acceptable (setting, text, &count))
    {
      g_autofree char *must = what_it_must_be (setting);
      g_autofree char *line = bk_error_one_line (text);

      bk_set_error (error, BK_ERROR_USAGE, "The setting “%s” %s; it is “%s”", setting->name, must,
                    line);
      return FALSE;
    }
  if (setting->type == BK_SETTING_COUNT)
    {
      G_STRUCT_MEMBER (guint, settings, setting->offset) = count;
      return TRUE;
    }

  char **member = text_member (settings, setting);
  if (member == &settings->state_dir)
    {
      follow_state_dir (&settings->repository_dir, "repository", settings->state_dir, text);
      follow_state_dir (&settings->log_dir, "logs", settings->state_dir, text);
    }
  g_free (*member);
  *member = g_strdup (text);
  return TRUE;
}

/**
 * bk_settings_get_text:
 * @setting: any but a count
 *
 * Returns: (transfer none): its value.
 */
const char *
bk_settings_get_text (const BkSettings *settings, const BkSetting *setting)
{
  g_return_val_if_fail (setting->type != BK_SETTING_COUNT, NULL);
  return G_STRUCT_MEMBER (const char *, settings, setting->offset);
}

/**
 * bk_settings_get_count:
 * @setting: a count
 */
guint
bk_settings_get_count (const BkSettings *settings, const BkSetting *setting)
{
  g_return_val_if_fail (setting->type == BK_SETTING_COUNT, 0);
  return G_STRUCT_MEMBER (guint, settings, setting->offset);
}
