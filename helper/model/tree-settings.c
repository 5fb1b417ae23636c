#include "model/tree-settings.h"

#include <string.h>

static void
storage_free (gpointer data)
{
  BkTreeStorage *storage = data;

  g_free (storage->name);
  g_free (storage->base_dir);
  g_free (storage);
}

static void
task_free (gpointer data)
{
  BkTreeTask *task = data;

  g_free (task->name);
  g_free (task->agent);
  g_free (task->storage);
  g_free (task->schedule);
  g_strfreev (task->sources);
  g_strfreev (task->excludes);
  g_free (task);
}

/**
 * bk_tree_settings_new:
 *
 * Returns: (transfer full): without storages and backups.
 */
BkTreeSettings *
bk_tree_settings_new (void)
{
  BkTreeSettings *self = g_new0 (BkTreeSettings, 1);

  self->storages = g_ptr_array_new_with_free_func (storage_free);
  self->tasks = g_ptr_array_new_with_free_func (task_free);
  return self;
}

void
bk_tree_settings_free (BkTreeSettings *settings)
{
  g_ptr_array_unref (settings->storages);
  g_ptr_array_unref (settings->tasks);
  g_free (settings);
}

/**
 * bk_tree_storage_new:
 *
 * Returns: (transfer full): with the defaults; a storage that does not say its type is full.
 */
BkTreeStorage *
bk_tree_storage_new (const char *name)
{
  BkTreeStorage *self = g_new0 (BkTreeStorage, 1);

  self->name = g_strdup (name);
  self->type = BK_TREE_STORAGE_FULL;
  self->full_interval_days = BK_FULL_INTERVAL_DAYS_DEFAULT;
  return self;
}

/**
 * bk_tree_task_new:
 *
 * Returns: (transfer full): with the defaults.
 */
BkTreeTask *
bk_tree_task_new (const char *name)
{
  BkTreeTask *self = g_new0 (BkTreeTask, 1);

  self->name = g_strdup (name);
  self->use_ctime = TRUE;
  return self;
}

/**
 * bk_tree_settings_find_storage:
 *
 * Returns: (transfer none) (nullable)
 */
const BkTreeStorage *
bk_tree_settings_find_storage (const BkTreeSettings *settings, const char *name)
{
  for (guint i = 0; i < settings->storages->len; i++)
    {
      const BkTreeStorage *storage = g_ptr_array_index (settings->storages, i);

      if (strcmp (storage->name, name) == 0)
        return storage;
    }
  return NULL;
}

/**
 * bk_tree_settings_find_task:
 *
 * Returns: (transfer none) (nullable)
 */
const BkTreeTask *
bk_tree_settings_find_task (const BkTreeSettings *settings, const char *name)
{
  for (guint i = 0; i < settings->tasks->len; i++)
    {
      const BkTreeTask *task = g_ptr_array_index (settings->tasks, i);

      if (strcmp (task->name, name) == 0)
        return task;
    }
  return NULL;
}
