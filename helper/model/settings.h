#pragma once

#include <glib.h>

/*
 * The settings of config.json, checked and with defaults filled in. A value: read once at the
 * beginning of a run and handed to whoever needs one of them.
 */

typedef struct
{
  char *repository_dir;   /* BACKUP_DIR */
  char *log_dir;          /* LOG_DIR */
  char *state_dir;        /* /var/lib/cockpit-backup: our own event log */
  char *runtime_dir;      /* /run/cockpit-backup: jobs, socket */
  char *connect_uri;      /* of libvirt */
  guint max_incrementals; /* 1 to 255 */
  guint retention_days;   /* of standalone copies; 0 keeps them */
  guint log_retention_days;
  char *merge_mode;  /* of consolidations: auto, in-place or copy */
  char *compression; /* of consolidations: none or zstd */
  char *verify;      /* read VM backups again at their end: no or yes */
  guint port;        /* PORT: of the HTTP face */
  char *log_level;   /* LOG_LEVEL: debug, info, warning or error */
  char *environment; /* ENVIRONMENT: production or development */
  char *config_path; /* (nullable) where it was read from; not itself a setting */
} BkSettings;

#define BK_MAX_INCREMENTALS_DEFAULT 7
#define BK_MAX_INCREMENTALS_MAX 255
#define BK_PORT_DEFAULT 8001

typedef enum
{
  BK_SETTING_PATH,   /* an absolute path */
  BK_SETTING_URI,    /* of libvirt */
  BK_SETTING_COUNT,  /* a guint from min to max */
  BK_SETTING_CHOICE, /* one of the words in choices, separated by '|' */
} BkSettingType;

/* One key of config.json. The table of them is all that the readers and writers know. */
typedef struct
{
  const char *name;
  const char *variable; /* (nullable) the environment variable that overrides it */
  BkSettingType type;
  gsize offset; /* of the member in BkSettings: char *, or guint for a count */
  guint min;
  guint max;
  const char *choices;
  const char *summary;
} BkSetting;

const BkSetting *bk_setting_all (void);
const BkSetting *bk_setting_find (const char *name);

BkSettings *bk_settings_new (void);
BkSettings *bk_settings_copy (const BkSettings *settings);
void bk_settings_free (BkSettings *settings);

gboolean
bk_settings_set (BkSettings *settings, const BkSetting *setting, const char *text, GError **error);
const char *bk_settings_get_text (const BkSettings *settings, const BkSetting *setting);
guint bk_settings_get_count (const BkSettings *settings, const BkSetting *setting);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkSettings, bk_settings_free)
