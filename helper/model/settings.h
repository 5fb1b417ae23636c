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
} BkSettings;

#define BK_MAX_INCREMENTALS_DEFAULT 7
#define BK_MAX_INCREMENTALS_MAX 255

BkSettings *bk_settings_new (void);
BkSettings *bk_settings_copy (const BkSettings *settings);
void bk_settings_free (BkSettings *settings);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkSettings, bk_settings_free)
