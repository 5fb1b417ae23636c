#pragma once

#include <json-glib/json-glib.h>

/*
 * Changes to the sections of config.json that are not plain settings: storages, backups, schedules.
 * Only what a change is about is touched. The whole is checked by its readers before it is written.
 */

/* Everything in it is borrowed for the call. */
typedef struct
{
  const char *name;
  const char *const *sources;
  const char *const *excludes;
  guint full_interval_days; /* 0: as it is, or by default */
  guint max_count; /* generations kept, or fulls of a storage that has only fulls; 0: as it is */
} BkTreeTaskChange;

gboolean bk_tree_settings_put (JsonObject *config, const BkTreeTaskChange *change, GError **error);
gboolean bk_tree_settings_remove (JsonObject *config, const char *name, GError **error);
gboolean bk_schedules_put (JsonObject *config, const char *what, const char *text, GError **error);
GPtrArray *bk_schedules_list (JsonObject *config, GError **error);

typedef struct
{
  char *what;
  char *text;
} BkSchedule;

void bk_schedule_free (BkSchedule *schedule);
