#pragma once

#include "model/generation.h"

/*
 * The trees of config.json: where they are kept and by which policy (storages), and what is backed
 * up (backups). Values: checked, with defaults filled in.
 */

#define BK_FULL_INTERVAL_DAYS_DEFAULT 7
#define BK_FULL_INTERVAL_DAYS_MAX 3650
#define BK_TREE_MAX_COUNT_MAX 10000

typedef struct
{
  char *name;
  char *base_dir; /* (nullable) holds <agent>/<name>/; without one, it is in the repository */
  BkTreeStorageType type;
  guint max_count; /* max_backups of a full storage, max_generations else; 0 keeps all */
  guint full_interval_days;
  gboolean is_gzip;
} BkTreeStorage;

typedef struct
{
  char *name;
  char *agent; /* (nullable) the host's name where it is not set */
  char *storage;
  char *schedule; /* (nullable) as a timer takes it; not ours to interpret */
  GStrv sources;  /* absolute paths */
  GStrv excludes;
  guint64 larger_than_bytes; /* leave out larger files; 0: none */
  gboolean skip_caches;
  gboolean one_file_system;
  gboolean use_ctime;
} BkTreeTask;

typedef struct
{
  GPtrArray *storages; /* of BkTreeStorage */
  GPtrArray *tasks;    /* of BkTreeTask */
} BkTreeSettings;

BkTreeSettings *bk_tree_settings_new (void);
void bk_tree_settings_free (BkTreeSettings *settings);
BkTreeStorage *bk_tree_storage_new (const char *name);
BkTreeTask *bk_tree_task_new (const char *name);
const BkTreeStorage *bk_tree_settings_find_storage (const BkTreeSettings *settings,
                                                    const char *name);
const BkTreeTask *bk_tree_settings_find_task (const BkTreeSettings *settings, const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkTreeSettings, bk_tree_settings_free)
