#include "vm/hypervisor.h"

G_DEFINE_INTERFACE (BkHypervisor, bk_hypervisor, G_TYPE_OBJECT)

static void
bk_hypervisor_default_init (BkHypervisorInterface *iface)
{
}

/**
 * bk_hypervisor_list:
 *
 * Returns: (transfer full) (element-type BkVm) (nullable): every VM, by name.
 */
GPtrArray *
bk_hypervisor_list (BkHypervisor *self, GCancellable *cancellable, GError **error)
{
  return BK_HYPERVISOR_GET_IFACE (self)->list (self, cancellable, error);
}

/**
 * bk_hypervisor_find_by_name:
 *
 * Returns: (transfer full) (nullable): the VM as it is now.
 */
BkVm *
bk_hypervisor_find_by_name (BkHypervisor *self, const char *name, GError **error)
{
  return BK_HYPERVISOR_GET_IFACE (self)->find_by_name (self, name, error);
}

/**
 * bk_hypervisor_find_by_uuid:
 *
 * Returns: (transfer full) (nullable): the VM as it is now.
 */
BkVm *
bk_hypervisor_find_by_uuid (BkHypervisor *self, const char *uuid, GError **error)
{
  return BK_HYPERVISOR_GET_IFACE (self)->find_by_uuid (self, uuid, error);
}

/**
 * bk_hypervisor_get_xml:
 *
 * Returns: (transfer full) (nullable): the definition to start the VM from again, with its
 *   secrets.
 */
char *
bk_hypervisor_get_xml (BkHypervisor *self, const char *uuid, GError **error)
{
  return BK_HYPERVISOR_GET_IFACE (self)->get_xml (self, uuid, error);
}

/**
 * bk_hypervisor_dup_tpm_directory:
 *
 * Returns: (transfer full) (nullable): where the state of the VM's TPM is, or would be.
 */
char *
bk_hypervisor_dup_tpm_directory (BkHypervisor *self, const char *uuid)
{
  BkHypervisorInterface *iface = BK_HYPERVISOR_GET_IFACE (self);

  return iface->dup_tpm_directory == NULL ? NULL : iface->dup_tpm_directory (self, uuid);
}

/**
 * bk_hypervisor_get_writer:
 * @uuid: (nullable): of one VM, which may have a user of its own; %NULL: as whom VMs run here
 * @uid: (out): the user as whom it runs, and writes its backups
 * @gid: (out): its group
 *
 * Returns: whether the hypervisor says it; it may not have users.
 */
gboolean
bk_hypervisor_get_writer (BkHypervisor *self, const char *uuid, uid_t *uid, gid_t *gid)
{
  BkHypervisorInterface *iface = BK_HYPERVISOR_GET_IFACE (self);

  return iface->get_writer != NULL && iface->get_writer (self, uuid, uid, gid);
}

/**
 * bk_hypervisor_list_images:
 *
 * Returns: (transfer full) (element-type BkVmImage) (nullable): the images in active storage
 *   pools.
 */
GPtrArray *
bk_hypervisor_list_images (BkHypervisor *self, GCancellable *cancellable, GError **error)
{
  return BK_HYPERVISOR_GET_IFACE (self)->list_images (self, cancellable, error);
}

/**
 * bk_hypervisor_begin_backup:
 * @lost_disk: (out) (optional) (nullable) (transfer full): with %BK_ERROR_INTEGRITY, the disk whose
 *   bitmap it is; %NULL where the hypervisor does not say
 *
 * Begins to copy the disks as they are at one instant, and makes the checkpoint in that instant.
 * Follow it with bk_hypervisor_wait_backup().
 *
 * Errors: %BK_ERROR_BUSY when another job works on the VM; %BK_ERROR_INTEGRITY when a bitmap of the
 *   parent checkpoint is missing or broken.
 */
gboolean
bk_hypervisor_begin_backup (BkHypervisor *self,
                            const char *uuid,
                            const BkVmBackup *backup,
                            char **lost_disk,
                            GError **error)
{
  g_autofree char *unused = NULL;

  if (lost_disk == NULL)
    lost_disk = &unused;
  *lost_disk = NULL;
  return BK_HYPERVISOR_GET_IFACE (self)->begin_backup (self, uuid, backup, lost_disk, error);
}

/**
 * bk_hypervisor_wait_backup:
 * @progress_func: (nullable): told a few times a second, in the calling thread
 *
 * Waits until the copy has ended. When it is cancelled it ends the copy first.
 *
 * Errors: %BK_ERROR_NO_SPACE, %BK_ERROR_CANCELLED, %BK_ERROR_FAILED. The checkpoint is left behind
 *   then, as libvirt leaves it.
 */
gboolean
bk_hypervisor_wait_backup (BkHypervisor *self,
                           const char *uuid,
                           BkVmProgressFunc progress_func,
                           gpointer user_data,
                           GCancellable *cancellable,
                           GError **error)
{
  return BK_HYPERVISOR_GET_IFACE (self)->wait_backup (self, uuid, progress_func, user_data,
                                                      cancellable, error);
}

/**
 * bk_hypervisor_running_backup_file:
 *
 * Returns: (transfer full) (nullable): one of the files that a backup of this VM is being written
 *   to at this moment, "" when its files are not known; %NULL without error when none runs.
 */
char *
bk_hypervisor_running_backup_file (BkHypervisor *self, const char *uuid, GError **error)
{
  return BK_HYPERVISOR_GET_IFACE (self)->running_backup_file (self, uuid, error);
}

/**
 * bk_hypervisor_abort_backup:
 *
 * Ends the copy that runs. None that runs counts as ended. Its checkpoint is left behind.
 */
gboolean
bk_hypervisor_abort_backup (BkHypervisor *self, const char *uuid, GError **error)
{
  return BK_HYPERVISOR_GET_IFACE (self)->abort_backup (self, uuid, error);
}

/**
 * bk_hypervisor_limit_backup:
 * @bytes_per_second: for all its disks together
 *
 * Slows down a copy that has begun. A disk that is copied already counts as limited.
 *
 * Returns: FALSE where a disk that is still being copied is not limited
 */
gboolean
bk_hypervisor_limit_backup (BkHypervisor *self,
                            const char *uuid,
                            const BkVmBackup *backup,
                            guint64 bytes_per_second,
                            GError **error)
{
  return BK_HYPERVISOR_GET_IFACE (self)->limit_backup (self, uuid, backup, bytes_per_second, error);
}

/**
 * bk_hypervisor_freeze:
 *
 * Asks the guest's agent to write out its file systems and hold them still, until
 * bk_hypervisor_thaw().
 *
 * Errors: set with %BK_FREEZE_FAILED only.
 */
BkFreeze
bk_hypervisor_freeze (BkHypervisor *self, const char *uuid, GError **error)
{
  return BK_HYPERVISOR_GET_IFACE (self)->freeze (self, uuid, error);
}

/**
 * bk_hypervisor_thaw:
 *
 * Lets the guest's file systems go on. To be called after %BK_FREEZE_DONE, whatever has
 * happened since.
 */
gboolean
bk_hypervisor_thaw (BkHypervisor *self, const char *uuid, GError **error)
{
  return BK_HYPERVISOR_GET_IFACE (self)->thaw (self, uuid, error);
}

/**
 * bk_hypervisor_list_checkpoints:
 *
 * Returns: (transfer full) (nullable): the names of all checkpoints, also those of others.
 */
GStrv
bk_hypervisor_list_checkpoints (BkHypervisor *self, const char *uuid, GError **error)
{
  return BK_HYPERVISOR_GET_IFACE (self)->list_checkpoints (self, uuid, error);
}

/**
 * bk_hypervisor_get_recorded:
 *
 * Returns: (transfer full) (element-type BkRecordedDisk) (nullable): the disks whose changes
 *   @checkpoint records; %NULL without error when there is no such checkpoint. Of a VM that is off,
 *   or busy, neither sizes nor lost bitmaps are known.
 */
GPtrArray *
bk_hypervisor_get_recorded (BkHypervisor *self,
                            const char *uuid,
                            const char *checkpoint,
                            GError **error)
{
  return BK_HYPERVISOR_GET_IFACE (self)->get_recorded (self, uuid, checkpoint, error);
}

/**
 * bk_hypervisor_delete_checkpoint:
 *
 * A checkpoint that is not there counts as deleted.
 */
gboolean
bk_hypervisor_delete_checkpoint (BkHypervisor *self,
                                 const char *uuid,
                                 const char *name,
                                 GError **error)
{
  return BK_HYPERVISOR_GET_IFACE (self)->delete_checkpoint (self, uuid, name, error);
}

/**
 * bk_hypervisor_drop_checkpoint_record:
 *
 * Makes the hypervisor forget a checkpoint whose disk is another one now, so that there is no
 * bitmap to delete. One that is not there counts as forgotten.
 */
gboolean
bk_hypervisor_drop_checkpoint_record (BkHypervisor *self,
                                      const char *uuid,
                                      const char *name,
                                      GError **error)
{
  return BK_HYPERVISOR_GET_IFACE (self)->drop_checkpoint_record (self, uuid, name, error);
}

/**
 * bk_hypervisor_delete_bitmap:
 * @name: of a bitmap that no checkpoint is known for
 * @target: the disk that has it
 *
 * Takes the bitmap out of the disk of a VM that runs. Whoever dies in between leaves a checkpoint of that
 * name, to be deleted as others are.
 */
gboolean
bk_hypervisor_delete_bitmap (
    BkHypervisor *self, const char *uuid, const char *name, const char *target, GError **error)
{
  return BK_HYPERVISOR_GET_IFACE (self)->delete_bitmap (self, uuid, name, target, error);
}

/**
 * bk_hypervisor_define:
 *
 * Returns: (transfer full) (nullable): the UUID of the new VM.
 */
char *
bk_hypervisor_define (BkHypervisor *self, const char *xml, GError **error)
{
  return BK_HYPERVISOR_GET_IFACE (self)->define (self, xml, error);
}

/**
 * bk_hypervisor_start_paused:
 *
 * Starts a VM that is shut off without letting its guest run: QEMU has the disks open, so they can
 * be copied and their bitmaps kept.
 */
gboolean
bk_hypervisor_start_paused (BkHypervisor *self, const char *uuid, GError **error)
{
  return BK_HYPERVISOR_GET_IFACE (self)->start_paused (self, uuid, error);
}

/**
 * bk_hypervisor_destroy:
 *
 * Ends the VM's process, as pulling the plug. A VM that is off counts as ended.
 */
gboolean
bk_hypervisor_destroy (BkHypervisor *self, const char *uuid, GError **error)
{
  return BK_HYPERVISOR_GET_IFACE (self)->destroy (self, uuid, error);
}

/**
 * bk_hypervisor_get_active:
 * @is_active: (out): whether the VM has a QEMU process at this moment
 *
 * Errors: those of the hypervisor: a VM of which nothing is known may run.
 */
gboolean
bk_hypervisor_get_active (BkHypervisor *self, const char *uuid, gboolean *is_active, GError **error)
{
  g_autoptr (BkVm) vm = bk_hypervisor_find_by_uuid (self, uuid, error);

  *is_active = vm != NULL && bk_vm_is_active (vm);
  return vm != NULL;
}

/**
 * bk_hypervisor_watch:
 * @event_func: called from a thread of the hypervisor's; must not block
 *
 * Returns: the number to end it with, or 0 on error.
 */
guint
bk_hypervisor_watch (BkHypervisor *self,
                     BkVmEventFunc event_func,
                     gpointer user_data,
                     GError **error)
{
  return BK_HYPERVISOR_GET_IFACE (self)->watch (self, event_func, user_data, error);
}

/**
 * bk_hypervisor_watch_is_alive:
 *
 * Returns: whether events can still come. Once it is %FALSE it stays so: unwatch, and watch anew.
 *   Asks nobody, so it may be called often.
 */
gboolean
bk_hypervisor_watch_is_alive (BkHypervisor *self, guint watch_id)
{
  return BK_HYPERVISOR_GET_IFACE (self)->watch_is_alive (self, watch_id);
}

/**
 * bk_hypervisor_unwatch:
 *
 * After it returns the function is not called again.
 */
void
bk_hypervisor_unwatch (BkHypervisor *self, guint watch_id)
{
  BK_HYPERVISOR_GET_IFACE (self)->unwatch (self, watch_id);
}
