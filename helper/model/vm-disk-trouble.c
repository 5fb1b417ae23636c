/* A disk whose file cannot be read: what that means for its VM, and what to do. */
#include "model/vm.h"

#include "base/error.h"
#include "base/gettext.h"

#include <string.h>

void
bk_disk_trouble_free (BkDiskTrouble *trouble)
{
  g_free (trouble->message);
  g_free (trouble);
}

static BkDiskTrouble *
trouble_new (const char *code, char *message)
{
  BkDiskTrouble *trouble = g_new0 (BkDiskTrouble, 1);

  trouble->code = code;
  trouble->message = message;
  return trouble;
}

/* Of a cdrom or floppy: not part of a backup, but of a start. */
static gboolean
is_medium (const BkVmDisk *disk)
{
  return g_strcmp0 (disk->device, "cdrom") == 0 || g_strcmp0 (disk->device, "floppy") == 0;
}

/* “pool/volume” of “volume:pool/volume”. */
static const char *
volume_name (const BkVmDisk *disk)
{
  const char *image = disk->images->len == 0 ? NULL : g_ptr_array_index (disk->images, 0);
  const char *colon = image == NULL ? NULL : strchr (image, ':');

  return colon == NULL ? "?" : colon + 1;
}

static char *
gone_text (const BkVm *vm, const BkVmDisk *disk)
{
  if (disk->path == NULL)
    return g_strdup_printf (_ ("There is no volume “%s” in an active storage pool, so the VM can "
                               "neither start nor be backed up: start the pool (virsh pool-start), "
                               "or take the disk out of the VM's definition."),
                            volume_name (disk));
  if (bk_vm_is_active (vm))
    return g_strdup_printf (
        _ ("Its file “%s” was removed while the VM runs, and what is on it is "
           "lost when the VM stops: back the VM up before it stops, and restore "
           "it then."),
        disk->path);
  if (is_medium (disk))
    return g_strdup_printf (_ ("Its medium “%s” is not there, so the VM can neither start nor be "
                               "backed up: put it back, or eject it (virsh change-media %s %s "
                               "--eject --config)."),
                            disk->path, vm->name, disk->target);
  return g_strdup_printf (
      _ ("Its file “%s” is not there, so the VM can neither start nor be backed "
         "up: mount it or put it back, restore the VM in place, or take the disk "
         "out of its definition."),
      disk->path);
}

/**
 * bk_vm_disk_trouble:
 * @disk: of @vm
 *
 * Returns: (transfer full) (nullable): why nothing can be read from it, and what to do; %NULL when all
 *   is well, or nothing depends on it: a medium of a VM that runs, a disk that the VM starts without.
 */
BkDiskTrouble *
bk_vm_disk_trouble (const BkVm *vm, const BkVmDisk *disk)
{
  if (disk->optional || (is_medium (disk) && (bk_vm_is_active (vm) || !disk->is_gone)))
    return NULL;
  /* A VM that runs has found its volume. */
  if (disk->is_gone && !(disk->path == NULL && bk_vm_is_active (vm)))
    return trouble_new ("disk-missing", gone_text (vm, disk));
  if (disk->read_errno != 0)
    return trouble_new (
        "disk-unreadable",
        g_strdup_printf (_ ("Its file “%s” cannot be read (%s), so a backup is expected to fail: "
                            "look after the file system or the device that it lies on."),
                         disk->path, bk_error_reason (disk->read_errno)));
  return NULL;
}
