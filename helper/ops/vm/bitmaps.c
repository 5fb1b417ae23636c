#include "ops/vm/bitmaps.h"

#include "base/atomic-file.h"
#include "base/path.h"
#include "model/vm-point.h"
#include "vm/qemu-img.h"

#include <string.h>
#include <unistd.h>

/*
 * A bitmap that libvirt has no checkpoint for (“virsh checkpoint-delete --metadata”, a VM that was
 * undefined and defined again, a checkpoint of which one disk had lost its bitmap) stays in the image for
 * good: it costs memory, and QEMU goes on recording in it what nobody asks for. By its name it is known
 * that this program made it; what has another name is left alone.
 *
 * QEMU takes it out, through libvirt, which must be told of it again for that. A note in the project says
 * so: a checkpoint that is there because of that is not one that somebody uses.
 */

/* In a project while libvirt knows of a bitmap again: its name. */
#define ADOPTED_NAME ".bitmap-removal"

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

  if (!bk_atomic_write (run->project, ADOPTED_NAME, name, strlen (name), 0600, error))
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
  unlinkat (run->project, ADOPTED_NAME, 0);
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

/* A run died while libvirt knew of the bitmap again. */
static gboolean
recover (BkVmRun *run, GError **error)
{
  g_autoptr (GBytes) bytes =
      bk_read_small_file (run->project, ADOPTED_NAME, BK_NAME_MAX_BYTES, NULL);
  gsize length_bytes = 0;
  const char *data = bytes == NULL ? NULL : g_bytes_get_data (bytes, &length_bytes);
  g_autofree char *name = g_strndup (data == NULL ? "" : data, length_bytes);

  if (bytes == NULL)
    return TRUE;
  if (bk_vm_checkpoint_name_is_ours (name) && !bk_vm_run_delete_checkpoint (run, name, error))
    return FALSE;
  unlinkat (run->project, ADOPTED_NAME, 0);
  return TRUE;
}

/**
 * bk_vm_bitmaps_remove_orphans:
 * @run: its VM has a QEMU process
 *
 * Takes those bitmaps of this program out of the VM's images that no checkpoint uses.
 */
gboolean
bk_vm_bitmaps_remove_orphans (BkVmRun *run, GError **error)
{
  if (!recover (run, error))
    return FALSE;
  for (guint i = 0; i < run->vm->disks->len; i++)
    {
      const BkVmDisk *disk = g_ptr_array_index (run->vm->disks, i);

      if (has_stored_bitmaps (disk) && !remove_of_disk (run, disk, error))
        return FALSE;
    }
  return TRUE;
}
