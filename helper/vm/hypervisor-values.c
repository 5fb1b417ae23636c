/* What is handed to a hypervisor, and what it hands out. */
#include "vm/hypervisor.h"

static void
backup_disk_free (gpointer data)
{
  BkVmBackupDisk *disk = data;

  g_free (disk->target);
  g_free (disk->file);
  g_free (disk);
}

/**
 * bk_vm_backup_new:
 * @checkpoint_name: (nullable): to be made in the instant of the copy
 * @parent_checkpoint: (nullable): what incremental disks are relative to
 *
 * Returns: (transfer full): without disks.
 */
BkVmBackup *
bk_vm_backup_new (const char *checkpoint_name, const char *parent_checkpoint)
{
  BkVmBackup *self = g_new0 (BkVmBackup, 1);

  self->checkpoint_name = g_strdup (checkpoint_name);
  self->parent_checkpoint = g_strdup (parent_checkpoint);
  self->disks = g_ptr_array_new_with_free_func (backup_disk_free);
  return self;
}

/**
 * bk_vm_backup_add_disk:
 * @file: absolute path of an image that is there, empty and of the disk's size
 * @incremental: only what has changed since the parent checkpoint
 * @checkpoint: record from now on what changes
 */
void
bk_vm_backup_add_disk (BkVmBackup *backup,
                       const char *target,
                       const char *file,
                       gboolean incremental,
                       gboolean checkpoint)
{
  BkVmBackupDisk *disk = g_new0 (BkVmBackupDisk, 1);

  disk->target = g_strdup (target);
  disk->file = g_strdup (file);
  disk->incremental = incremental;
  disk->checkpoint = checkpoint;
  g_ptr_array_add (backup->disks, disk);
}

void
bk_vm_backup_free (BkVmBackup *backup)
{
  g_free (backup->checkpoint_name);
  g_free (backup->parent_checkpoint);
  g_ptr_array_unref (backup->disks);
  g_free (backup);
}

void
bk_vm_image_free (BkVmImage *image)
{
  g_free (image->path);
  g_free (image->pool);
  g_free (image->format);
  g_free (image->backing_path);
  g_free (image);
}
