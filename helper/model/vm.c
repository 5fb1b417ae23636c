#include "model/vm.h"

#include "base/error.h"
#include "base/gettext.h"

#include <string.h>

static void
disk_free (gpointer data)
{
  BkVmDisk *disk = data;

  g_free (disk->target);
  g_free (disk->path);
  g_free (disk->format);
  g_free (disk->device);
  g_free (disk->source_type);
  g_ptr_array_unref (disk->images);
  g_free (disk);
}

BkVm *
bk_vm_new (const char *name, const char *uuid)
{
  BkVm *self = g_new0 (BkVm, 1);

  self->name = g_strdup (name);
  self->uuid = g_strdup (uuid);
  self->disks = g_ptr_array_new_with_free_func (disk_free);
  return self;
}

void
bk_vm_free (BkVm *vm)
{
  g_free (vm->name);
  g_free (vm->uuid);
  g_ptr_array_unref (vm->disks);
  g_free (vm);
}

/**
 * bk_vm_add_disk:
 *
 * Returns: (transfer none): the new disk, for the maker of the value to fill in.
 */
BkVmDisk *
bk_vm_add_disk (BkVm *vm, const char *target)
{
  BkVmDisk *disk = g_new0 (BkVmDisk, 1);

  disk->target = g_strdup (target);
  disk->images = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (vm->disks, disk);
  return disk;
}

/**
 * bk_vm_find_disk:
 * @target: vda
 *
 * Returns: (transfer none) (nullable)
 */
const BkVmDisk *
bk_vm_find_disk (const BkVm *vm, const char *target)
{
  for (guint i = 0; i < vm->disks->len; i++)
    {
      const BkVmDisk *disk = g_ptr_array_index (vm->disks, i);

      if (strcmp (disk->target, target) == 0)
        return disk;
    }
  return NULL;
}

/**
 * bk_vm_total_bytes:
 *
 * Returns: what the disks that can be backed up take on the host.
 */
guint64
bk_vm_total_bytes (const BkVm *vm)
{
  guint64 total = 0;

  for (guint i = 0; i < vm->disks->len; i++)
    {
      const BkVmDisk *disk = g_ptr_array_index (vm->disks, i);

      if (bk_vm_disk_ability (disk, NULL) != BK_DISK_NONE)
        total += disk->allocation_bytes;
    }
  return total;
}

/**
 * bk_vm_disk_is_image:
 * @image: (nullable): one of `images` of the disk as it was at an earlier time
 *
 * Returns: whether the disk is still that image, or was built upon it since (a snapshot): what was
 *   recorded of the one is true of the other. Two disks of a VM have bitmaps of the same name, so
 *   that a bitmap is there says nothing about which disk it is of.
 */
gboolean
bk_vm_disk_is_image (const BkVmDisk *disk, const char *image)
{
  return image != NULL && g_ptr_array_find_with_equal_func (disk->images, image, g_str_equal, NULL);
}

/**
 * bk_vm_disk_full_bytes:
 *
 * Returns: what a copy in full takes at most: all that the guest reads is in it, also what lies in
 *   images below.
 */
guint64
bk_vm_disk_full_bytes (const BkVmDisk *disk)
{
  guint64 bytes = disk->allocation_bytes + disk->below_bytes;

  return disk->capacity_bytes == 0 || bytes < disk->capacity_bytes ? bytes : disk->capacity_bytes;
}

/**
 * bk_vm_is_active:
 *
 * Returns: whether it has a QEMU process, running or not, which has its disks open.
 */
gboolean
bk_vm_is_active (const BkVm *vm)
{
  return vm->state != BK_VM_SHUTOFF && vm->state != BK_VM_CRASHED;
}

/**
 * bk_vm_check_no_saved_memory:
 *
 * A start, even a paused one, uses up the memory that was saved; and that memory goes on from the disks
 * as they are.
 *
 * Errors: %BK_ERROR_UNSUPPORTED when there is some: neither may the VM be started for a copy, nor its
 *   disks be replaced.
 */
gboolean
bk_vm_check_no_saved_memory (const BkVm *vm, GError **error)
{
  if (!vm->has_saved_memory)
    return TRUE;
  bk_set_error (
      error, BK_ERROR_UNSUPPORTED,
      "The VM “%s” is off with its memory saved (managed save), and this would break what "
      "it goes on from: start it, or give the saved memory up with “virsh "
      "managedsave-remove %s”; then try again",
      vm->name, vm->name);
  return FALSE;
}

/**
 * bk_vm_check_off:
 *
 * Errors: %BK_ERROR_BUSY while QEMU has its disks open.
 */
gboolean
bk_vm_check_off (const BkVm *vm, GError **error)
{
  if (!bk_vm_is_active (vm))
    return TRUE;
  bk_set_error (error, BK_ERROR_BUSY,
                vm->state == BK_VM_PAUSED
                    ? _ ("The VM “%s” is paused, not off; shut it down before its disks are "
                         "replaced (virsh resume, then shutdown; or virsh destroy)")
                : vm->state == BK_VM_SUSPENDED
                    ? _ ("The VM “%s” sleeps, it is not off; wake it (virsh dompmwakeup) and shut "
                         "it down before its disks are replaced")
                    : _ ("The VM “%s” is running; shut it down before its disks are replaced"),
                vm->name);
  return FALSE;
}

const char *
bk_vm_state_to_string (BkVmState state)
{
  static const char *const names[] = {
    [BK_VM_RUNNING] = "running", [BK_VM_PAUSED] = "paused",       [BK_VM_SHUTOFF] = "shutoff",
    [BK_VM_CRASHED] = "crashed", [BK_VM_SUSPENDED] = "suspended",
  };

  return names[state];
}

const char *
bk_disk_ability_to_string (BkDiskAbility ability)
{
  static const char *const names[] = {
    [BK_DISK_INCREMENTAL] = "incremental",
    [BK_DISK_FULL] = "full",
    [BK_DISK_NONE] = "none",
  };

  return names[ability];
}

/**
 * bk_vm_disk_ability:
 * @reason: (out) (optional) (nullable) (transfer none): a sentence, where the answer is not the
 *   usual one and a person would ask why
 */
BkDiskAbility
bk_vm_disk_ability (const BkVmDisk *disk, const char **reason)
{
  const char *unused;

  if (reason == NULL)
    reason = &unused;
  *reason = NULL;
  if (g_strcmp0 (disk->device, "lun") == 0)
    {
      *reason = N_ ("It is a LUN that is handed through to the guest: it is not backed up.");
      return BK_DISK_NONE;
    }
  if (g_strcmp0 (disk->device, "disk") != 0)
    return BK_DISK_NONE; /* a cdrom or floppy: its medium is not the VM's own */
  if (disk->path == NULL && g_strcmp0 (disk->source_type, "volume") != 0)
    {
      *reason = N_ ("It is not a file or a block device of this host: it is not backed up. Back it "
                    "up where it lies, or from inside the guest.");
      return BK_DISK_NONE;
    }
  if (disk->read_only)
    {
      *reason = N_ ("It is read-only: the VM cannot change it, and it is not backed up.");
      return BK_DISK_NONE;
    }
  if (disk->transient)
    {
      *reason =
          N_ ("It is transient: what the guest writes to it is thrown away when the VM stops, "
              "and it is not backed up.");
      return BK_DISK_NONE;
    }

  gboolean can_record = g_strcmp0 (disk->format, "qcow2") == 0 && !disk->is_old_qcow2;
  if (disk->encrypted)
    *reason = N_ ("Its image is encrypted, but not its backup: whoever can read the repository can "
                  "read what is on it.");
  else if (can_record)
    return BK_DISK_INCREMENTAL;
  else if (disk->shareable)
    *reason = N_ ("It is shared with other VMs: what they write while it is copied may be in the "
                  "copy in part; it is backed up in full each time.");
  else if (disk->is_old_qcow2)
    *reason =
        N_ ("Its image is of the old qcow2 version (compat 0.10), which cannot record what "
            "changed: it is backed up in full each time. “qemu-img amend -o compat=1.1” makes "
            "it a new one while the VM is off.");
  else if (g_strcmp0 (disk->format, "raw") == 0)
    *reason = N_ ("A raw disk cannot record what changed: it is backed up in full each time.");
  else
    *reason = N_ ("A disk of its format cannot record what changed: it is backed up in full "
                  "each time.");
  return can_record ? BK_DISK_INCREMENTAL : BK_DISK_FULL;
}
