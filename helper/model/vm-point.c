#include "model/vm-point.h"

#include "base/words.h"
#include "model/job.h"

#include <string.h>

static const char *const kind_names[] = {
  [BK_POINT_BASE] = "base",
  [BK_POINT_INCREMENTAL] = "incremental",
  [BK_POINT_MERGED] = "merged",
  [BK_POINT_STANDALONE] = "standalone",
};

static void
disk_free (gpointer data)
{
  BkPointDisk *disk = data;

  g_free (disk->target);
  g_free (disk->file);
  g_free (disk->parent);
  g_free (disk->image);
  g_free (disk);
}

/**
 * bk_vm_point_new:
 * @vm: its name when the backup was made
 * @uuid: its own, which tells it from another VM of that name
 *
 * Returns: (transfer full): without disks.
 */
BkVmPoint *
bk_vm_point_new (BkPointKind kind, const char *vm, const char *uuid)
{
  BkVmPoint *self = g_new0 (BkVmPoint, 1);

  self->kind = kind;
  self->vm = g_strdup (vm);
  self->uuid = g_strdup (uuid);
  self->disks = g_ptr_array_new_with_free_func (disk_free);
  self->warnings = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
bk_vm_point_free (BkVmPoint *point)
{
  g_free (point->vm);
  g_free (point->uuid);
  g_free (point->checkpoint);
  g_ptr_array_unref (point->disks);
  g_ptr_array_unref (point->warnings);
  g_free (point);
}

#define CHECKPOINT_PREFIX "cockpit-backup-checkpoint-"

/**
 * bk_vm_checkpoint_name:
 * @random: so that a name never comes again: where libvirt lost a checkpoint but the image kept its
 *   bitmap, the same name would be refused for ever
 *
 * Returns: (transfer full)
 */
char *
bk_vm_checkpoint_name (gint64 usecs, guint32 random)
{
  g_autofree char *unique = bk_job_id_new (usecs, random); /* made the same way */

  return g_strconcat (CHECKPOINT_PREFIX, unique, NULL);
}

/**
 * bk_vm_checkpoint_name_is_ours:
 * @name: hostile until checked
 *
 * Returns: whether it is one that bk_vm_checkpoint_name() makes: no other program's checkpoint, and no
 *   other bitmap, has such a name.
 */
gboolean
bk_vm_checkpoint_name_is_ours (const char *name)
{
  return g_str_has_prefix (name, CHECKPOINT_PREFIX) &&
         bk_job_id_is_valid (name + strlen (CHECKPOINT_PREFIX));
}

/**
 * bk_vm_point_add_disk:
 * @parent: (nullable): the file that @file continues; %NULL when it is complete by itself
 *
 * Returns: (transfer none): the disk.
 */
BkPointDisk *
bk_vm_point_add_disk (BkVmPoint *point,
                      const char *target,
                      const char *file,
                      const char *parent,
                      guint64 capacity_bytes)
{
  BkPointDisk *disk = g_new0 (BkPointDisk, 1);

  disk->target = g_strdup (target);
  disk->file = g_strdup (file);
  disk->parent = g_strdup (parent);
  disk->capacity_bytes = capacity_bytes;
  g_ptr_array_add (point->disks, disk);
  return disk;
}

static gboolean
has_disk (const BkVmPoint *point, const char *target)
{
  for (guint i = 0; i < point->disks->len; i++)
    {
      if (g_str_equal (((BkPointDisk *) g_ptr_array_index (point->disks, i))->target, target))
        return TRUE;
    }
  return FALSE;
}

/* The point's checkpoint does not record a disk that was removed or left out: should it come back, it
 * begins a chain of its own. */
static void
drop_missing_disks (BkCycle *cycle, const BkVmPoint *point)
{
  for (guint i = cycle->disks->len; i > 0; i--)
    {
      if (!has_disk (point, ((BkCycleDisk *) g_ptr_array_index (cycle->disks, i - 1))->target))
        g_ptr_array_remove_index (cycle->disks, i - 1);
    }
}

/**
 * bk_cycle_extend:
 * @cycle: (nullable): the cycle that @point continues; %NULL when @point begins one
 * @point: a completed Base or Incremental
 * @file_hash: gives the SHA-256 of the files of @point
 *
 * The one rule of how a completed backup becomes part of its cycle: for a run that goes well, and
 * for one that died before it could write it down.
 *
 * Returns: (transfer full): the new cycle; @cycle does not change.
 */
BkCycle *
bk_cycle_extend (const BkCycle *cycle,
                 const BkVmPoint *point,
                 const char *backup_id,
                 BkFileHashFunc file_hash,
                 gconstpointer hashes,
                 guint max_incrementals)
{
  BkCycle *extended = cycle == NULL ? bk_cycle_new (point->vm, point->uuid) : bk_cycle_copy (cycle);

  g_ptr_array_add (extended->backup_ids, g_strdup (backup_id));
  extended->max_incrementals = max_incrementals;
  g_free (extended->last_checkpoint_name);
  extended->last_checkpoint_name = g_strdup (point->checkpoint);
  drop_missing_disks (extended, point);
  for (guint i = 0; i < point->disks->len; i++)
    {
      const BkPointDisk *disk = g_ptr_array_index (point->disks, i);
      g_autofree char *path = g_strconcat (backup_id, "/", disk->file, NULL);
      BkCycleDisk *chain = (BkCycleDisk *) bk_cycle_find_disk (extended, disk->target);

      if (disk->parent != NULL && chain != NULL)
        g_ptr_array_add (chain->incremental_files, g_steal_pointer (&path));
      else
        chain =
            bk_cycle_set_disk_base (extended, disk->target, path, file_hash (hashes, disk->file));
      g_free (chain->image);
      chain->image = g_strdup (disk->image);
    }
  return extended;
}

const char *
bk_point_kind_to_string (BkPointKind kind)
{
  return kind_names[kind];
}

gboolean
bk_point_kind_from_string (const char *text, BkPointKind *kind)
{
  guint index;

  if (!bk_word_index (kind_names, G_N_ELEMENTS (kind_names), text, &index))
    return FALSE;
  *kind = (BkPointKind) index;
  return TRUE;
}
