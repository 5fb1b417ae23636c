#include "model/cycle.h"

#include "base/timestamp.h"

#include <string.h>

static void
disk_free (gpointer data)
{
  BkCycleDisk *disk = data;

  g_free (disk->target);
  g_free (disk->base_full_file);
  g_free (disk->base_full_hash_sha256);
  g_ptr_array_unref (disk->incremental_files);
  g_free (disk->image);
  g_free (disk);
}

/**
 * bk_cycle_new:
 *
 * Returns: (transfer full): an active cycle without a backup.
 */
BkCycle *
bk_cycle_new (const char *vm, const char *uuid)
{
  BkCycle *self = g_new0 (BkCycle, 1);

  self->vm = g_strdup (vm);
  self->uuid = g_strdup (uuid);
  self->backup_ids = g_ptr_array_new_with_free_func (g_free);
  self->disks = g_ptr_array_new_with_free_func (disk_free);
  return self;
}

static void
copy_strings (GPtrArray *to, const GPtrArray *from)
{
  for (guint i = 0; i < from->len; i++)
    g_ptr_array_add (to, g_strdup (g_ptr_array_index (from, i)));
}

/**
 * bk_cycle_copy:
 *
 * Returns: (transfer full): all of it.
 */
BkCycle *
bk_cycle_copy (const BkCycle *cycle)
{
  BkCycle *copy = bk_cycle_new (cycle->vm, cycle->uuid);

  copy->status = cycle->status;
  copy->last_checkpoint_name = g_strdup (cycle->last_checkpoint_name);
  copy->max_incrementals = cycle->max_incrementals;
  copy->merged_id = g_strdup (cycle->merged_id);
  copy->merge = cycle->merge;
  copy_strings (copy->backup_ids, cycle->backup_ids);
  for (guint i = 0; i < cycle->disks->len; i++)
    {
      const BkCycleDisk *disk = g_ptr_array_index (cycle->disks, i);
      BkCycleDisk *own = bk_cycle_set_disk_base (copy, disk->target, disk->base_full_file,
                                                 disk->base_full_hash_sha256);

      copy_strings (own->incremental_files, disk->incremental_files);
      own->image = g_strdup (disk->image);
    }
  return copy;
}

void
bk_cycle_free (BkCycle *cycle)
{
  g_free (cycle->vm);
  g_free (cycle->uuid);
  g_free (cycle->last_checkpoint_name);
  g_free (cycle->merged_id);
  g_ptr_array_unref (cycle->backup_ids);
  g_ptr_array_unref (cycle->disks);
  g_free (cycle);
}

/**
 * bk_cycle_find_disk:
 * @target: vda
 *
 * Returns: (transfer none) (nullable): its chain.
 */
const BkCycleDisk *
bk_cycle_find_disk (const BkCycle *cycle, const char *target)
{
  for (guint i = 0; i < cycle->disks->len; i++)
    {
      const BkCycleDisk *disk = g_ptr_array_index (cycle->disks, i);

      if (strcmp (disk->target, target) == 0)
        return disk;
    }
  return NULL;
}

/**
 * bk_cycle_set_disk_base:
 *
 * Begins a disk's chain with a full copy: in the Base, or later when that disk had to be copied in
 * full again. What it had before no longer belongs to the chain.
 *
 * Returns: (transfer none): the disk.
 */
BkCycleDisk *
bk_cycle_set_disk_base (BkCycle *cycle, const char *target, const char *file, const char *sha256)
{
  BkCycleDisk *disk = (BkCycleDisk *) bk_cycle_find_disk (cycle, target);

  if (disk == NULL)
    {
      disk = g_new0 (BkCycleDisk, 1);
      disk->target = g_strdup (target);
      disk->incremental_files = g_ptr_array_new_with_free_func (g_free);
      g_ptr_array_add (cycle->disks, disk);
    }
  g_free (disk->base_full_file);
  g_free (disk->base_full_hash_sha256);
  disk->base_full_file = g_strdup (file);
  disk->base_full_hash_sha256 = g_strdup (sha256);
  g_ptr_array_set_size (disk->incremental_files, 0);
  return disk;
}

/**
 * bk_cycle_disk_top:
 *
 * Returns: (transfer none): the newest file of the chain, which reads as the newest state.
 */
const char *
bk_cycle_disk_top (const BkCycleDisk *disk)
{
  return disk->incremental_files->len == 0
             ? disk->base_full_file
             : g_ptr_array_index (disk->incremental_files, disk->incremental_files->len - 1);
}

/**
 * bk_cycle_incrementals_count:
 *
 * Returns: how many backups come after the Base.
 */
guint
bk_cycle_incrementals_count (const BkCycle *cycle)
{
  return cycle->backup_ids->len == 0 ? 0 : cycle->backup_ids->len - 1;
}

/**
 * bk_cycle_newest_backup_id:
 *
 * Returns: (transfer none) (nullable): %NULL before there is a Base.
 */
const char *
bk_cycle_newest_backup_id (const BkCycle *cycle)
{
  return cycle->backup_ids->len == 0
             ? NULL
             : g_ptr_array_index (cycle->backup_ids, cycle->backup_ids->len - 1);
}

/**
 * bk_cycle_names_backup:
 *
 * Returns: whether it is the Base or one of the Incrementals.
 */
gboolean
bk_cycle_names_backup (const BkCycle *cycle, const char *backup_id)
{
  for (guint i = 0; i < cycle->backup_ids->len; i++)
    {
      if (strcmp (g_ptr_array_index (cycle->backup_ids, i), backup_id) == 0)
        return TRUE;
    }
  return FALSE;
}

/**
 * bk_cycle_is_merging_into:
 *
 * Returns: whether it is the Full-Merged that a consolidation that is not over makes of the cycle: the
 *   bases may be there, and nowhere else.
 */
gboolean
bk_cycle_is_merging_into (const BkCycle *cycle, const char *backup_id)
{
  return cycle->status == BK_CYCLE_CONSOLIDATING && g_strcmp0 (cycle->merged_id, backup_id) == 0;
}

/**
 * bk_cycle_next_step:
 * @cycle: (nullable): the active cycle, or %NULL
 * @max_incrementals: at least 1
 *
 * The rule of the cycle: no active manifest begins a cycle; fewer incrementals than
 * @max_incrementals extend it; as many end it.
 */
BkCycleStep
bk_cycle_next_step (const BkCycle *cycle, guint max_incrementals)
{
  if (cycle == NULL)
    return BK_STEP_BASE;
  if (cycle->status == BK_CYCLE_CONSOLIDATING)
    return BK_STEP_CONSOLIDATION;
  return bk_cycle_incrementals_count (cycle) < max_incrementals ? BK_STEP_INCREMENTAL
                                                                : BK_STEP_CONSOLIDATION;
}

const char *
bk_cycle_step_to_string (BkCycleStep step)
{
  static const char *const names[] = {
    [BK_STEP_BASE] = "base",
    [BK_STEP_INCREMENTAL] = "incremental",
    [BK_STEP_CONSOLIDATION] = "consolidation",
  };

  return names[step];
}

static const char *const merge_names[] = {
  [BK_MERGE_AUTO] = "auto",
  [BK_MERGE_IN_PLACE] = "in-place",
  [BK_MERGE_COPY] = "copy",
  [BK_MERGE_CLONE] = "clone",
};

const char *
bk_merge_mode_to_string (BkMergeMode mode)
{
  return merge_names[mode];
}

gboolean
bk_merge_mode_from_string (const char *text, BkMergeMode *mode)
{
  for (guint i = 0; i < G_N_ELEMENTS (merge_names); i++)
    {
      if (g_strcmp0 (text, merge_names[i]) != 0)
        continue;
      *mode = (BkMergeMode) i;
      return TRUE;
    }
  return FALSE;
}

/**
 * bk_merge_mode_of_request:
 *
 * Returns: what @asked comes to: only what is written anew can be compressed.
 */
BkMergeMode
bk_merge_mode_of_request (BkMergeMode asked, gboolean compress)
{
  return compress ? BK_MERGE_COPY : asked;
}

/**
 * bk_cycle_can_be_reactivated:
 *
 * Returns: whether the family is still as it was, and an interrupted consolidation can be thrown
 *   away: all but one that writes into the base.
 */
gboolean
bk_cycle_can_be_reactivated (const BkCycle *cycle)
{
  return cycle->status == BK_CYCLE_CONSOLIDATING && cycle->merge != BK_MERGE_IN_PLACE;
}

/**
 * bk_cycle_begin_merge:
 *
 * Returns: (transfer full): the journal of a consolidation.
 */
BkCycle *
bk_cycle_begin_merge (const BkCycle *cycle, const char *merged_id, BkMergeMode mode)
{
  BkCycle *journal = bk_cycle_copy (cycle);

  journal->status = BK_CYCLE_CONSOLIDATING;
  journal->merge = mode;
  g_free (journal->merged_id);
  journal->merged_id = g_strdup (merged_id);
  return journal;
}

/**
 * bk_cycle_reactivate:
 * @cycle: bk_cycle_can_be_reactivated()
 *
 * Returns: (transfer full): the family as it was before its consolidation began.
 */
BkCycle *
bk_cycle_reactivate (const BkCycle *cycle)
{
  BkCycle *active = bk_cycle_copy (cycle);

  active->status = BK_CYCLE_ACTIVE;
  active->merge = BK_MERGE_AUTO;
  g_clear_pointer (&active->merged_id, g_free);
  return active;
}

/**
 * bk_cycle_backup_id:
 * @part: one of BK_CYCLE_PART_…
 *
 * Returns: (transfer full): "<vm>-<part>-YYYYMMDD_HHMMSS".
 */
char *
bk_cycle_backup_id (const char *vm, const char *part, gint64 usecs)
{
  g_autofree char *time = bk_time_to_compact (usecs);

  return g_strdup_printf ("%s-%s-%s", vm, part, time);
}

/* YYYYMMDD_HHMMSS */
#define COMPACT_TIME_LENGTH 15

static gboolean
is_compact_time (const char *text)
{
  if (strlen (text) != COMPACT_TIME_LENGTH)
    return FALSE;
  for (guint i = 0; i < COMPACT_TIME_LENGTH; i++)
    {
      if (i == 8 ? text[i] != '_' : !g_ascii_isdigit (text[i]))
        return FALSE;
    }
  return TRUE;
}

/**
 * bk_cycle_is_backup_id:
 * @part: (nullable): one of BK_CYCLE_PART_…; %NULL: any of them
 * @name: (nullable): hostile until checked
 *
 * Returns: whether @name is one that bk_cycle_backup_id() makes for @vm. Nothing else in a project
 *   is ours to remove, whatever it begins with.
 */
gboolean
bk_cycle_is_backup_id (const char *vm, const char *part, const char *name)
{
  static const char *const parts[] = { BK_CYCLE_PART_BASE, BK_CYCLE_PART_INCREMENTAL,
                                       BK_CYCLE_PART_MERGED, BK_CYCLE_PART_SNAPSHOT };

  for (guint i = 0; name != NULL && i < G_N_ELEMENTS (parts); i++)
    {
      g_autofree char *prefix = g_strdup_printf ("%s-%s-", vm, parts[i]);

      if ((part == NULL || strcmp (part, parts[i]) == 0) && g_str_has_prefix (name, prefix) &&
          is_compact_time (name + strlen (prefix)))
        return TRUE;
    }
  return FALSE;
}

/**
 * bk_cycle_backup_time:
 *
 * Returns: the time in the name of a backup; %BK_TIME_INVALID if it has none.
 */
gint64
bk_cycle_backup_time (const char *backup_id)
{
  gsize length = strlen (backup_id);

  return length < COMPACT_TIME_LENGTH
             ? BK_TIME_INVALID
             : bk_time_from_compact (backup_id + length - COMPACT_TIME_LENGTH);
}

/**
 * bk_cycle_next_time:
 * @names: (element-type filename): what there is in the project
 *
 * Returns: the time to name the next backup by: now, in whole seconds, or the first second after the
 *   newest that there is. Two backups can fall into one second, and the clock can step back; those
 *   made one after the other stand so in the order of their names, and a name that was freed
 *   is not used again: what was merged from it is newer.
 */
gint64
bk_cycle_next_time (const char *vm, const GPtrArray *names, gint64 now_usecs)
{
  gint64 next = now_usecs / G_USEC_PER_SEC * G_USEC_PER_SEC;

  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      gint64 usecs =
          bk_cycle_is_backup_id (vm, NULL, name) ? bk_cycle_backup_time (name) : BK_TIME_INVALID;

      if (usecs != BK_TIME_INVALID && usecs >= next)
        next = usecs + G_USEC_PER_SEC;
    }
  return next;
}

/**
 * bk_cycle_file_name:
 *
 * Returns: (transfer full): "<vm>-<disk>-<part>-YYYYMMDD_HHMMSS.qcow2".
 */
char *
bk_cycle_file_name (const char *vm, const char *target, const char *part, gint64 usecs)
{
  g_autofree char *time = bk_time_to_compact (usecs);

  return g_strdup_printf ("%s-%s-%s-%s.qcow2", vm, target, part, time);
}
