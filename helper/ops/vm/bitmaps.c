#include "ops/vm/bitmaps.h"

#include "model/vm-point.h"
#include "store/repository/checkpoint-note.h"
#include "vm/qemu-img.h"

#include <unistd.h>

/*
 * A bitmap that libvirt has no checkpoint for (“virsh checkpoint-delete --metadata”, a VM that was
 * undefined and defined again, a checkpoint of which one disk had lost its bitmap) stays in the image for
 * good: it costs memory, and QEMU goes on recording in it what nobody asks for. By its name it is known
 * that this program made it; what has another name is left alone.
 *
 * QEMU takes it out, through libvirt, which must be told of it again for that. It is noted in the project
 * first: a checkpoint that is there because of that is not one that somebody uses.
 */

static gboolean
has_stored_bitmaps (const BkVmDisk *disk)
{
  return disk->path != NULL && access (disk->path, R_OK) == 0 &&
         bk_vm_disk_ability (disk, NULL) == BK_DISK_INCREMENTAL;
}

/* Costs are all that it has: that it cannot be removed is no reason not to back up. */
static gboolean
remove_one (BkVmRun *run, const BkVmDisk *disk, const char *name, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (!bk_checkpoint_notes_add (run->project, run->vm->uuid, name, error))
    return FALSE;
  if (bk_hypervisor_delete_bitmap (run->hypervisor, run->vm->uuid, name, disk->target, &local))
    bk_vm_run_log (run, BK_LOG_INFO, NULL, "bitmap.remove",
                   "%s: the bitmap “%s” of an earlier backup is removed: libvirt had no checkpoint "
                   "for it any more",
                   disk->target, name);
  else
    bk_vm_run_log (run, BK_LOG_WARNING, NULL, "bitmap.remove",
                   "%s; nothing uses it: while the VM is off, “qemu-img bitmap --remove %s %s” "
                   "removes it",
                   local->message, disk->path, name);
  return TRUE;
}

/* Those of the image first, those that libvirt knows after: one that a backup of another repository makes
 * in between is known by then. */
static gboolean
remove_of_disk (BkVmRun *run, const BkVmDisk *disk, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_auto (GStrv) names = bk_qemu_img_list_bitmaps (disk->path, &local);
  g_auto (GStrv) known =
      names == NULL || *names == NULL
          ? NULL
          : bk_hypervisor_list_checkpoints (run->hypervisor, run->vm->uuid, error);

  if (names == NULL)
    {
      bk_vm_run_log (run, BK_LOG_WARNING, NULL, "bitmap.remove", "%s", local->message);
      return TRUE;
    }
  if (*names != NULL && known == NULL)
    return FALSE;
  for (char **name = names; *name != NULL; name++)
    {
      if (bk_vm_checkpoint_name_is_ours (*name) &&
          !g_strv_contains ((const char *const *) known, *name) &&
          !remove_one (run, disk, *name, error))
        return FALSE;
    }
  return TRUE;
}

/**
 * bk_vm_bitmaps_remove_orphans:
 * @run: its VM has a QEMU process
 *
 * Takes those bitmaps of this program out of the VM's images that no checkpoint uses. Each is noted, and
 * bk_vm_checkpoints_settle() takes the notes away.
 */
gboolean
bk_vm_bitmaps_remove_orphans (BkVmRun *run, GError **error)
{
  for (guint i = 0; i < run->vm->disks->len; i++)
    {
      const BkVmDisk *disk = g_ptr_array_index (run->vm->disks, i);

      if (has_stored_bitmaps (disk) && !remove_of_disk (run, disk, error))
        return FALSE;
    }
  return TRUE;
}
