/* QEMU's part of a copy: empty targets, the instant at which it begins, and waiting for its end. */
#include "base/gettext.h"
#include "ops/vm/copy-private.h"

#include "base/error.h"
#include "base/write-out.h"
#include "format/vm-point-json.h"
#include "ops/vm/family.h"
#include "vm/qemu-img.h"

#include <string.h>

/**
 * bk_vm_copy_create_targets:
 * @copy: gets its request, the targets in it
 *
 * An empty image each that QEMU then writes into: made by us so that an incremental's backing file is
 * the one before it in the repository, by a relative path, and never the VM's own disk.
 */
gboolean
bk_vm_copy_create_targets (BkVmCopy *copy, GError **error)
{
  const char *parent_checkpoint =
      copy->run->cycle == NULL ? NULL : copy->run->cycle->last_checkpoint_name;

  copy->request = bk_vm_backup_new (copy->point->checkpoint, parent_checkpoint);
  for (guint i = 0; i < copy->point->disks->len; i++)
    {
      const BkPointDisk *disk = g_ptr_array_index (copy->point->disks, i);
      const BkVmDisk *known = bk_vm_find_disk (copy->run->vm, disk->target);
      g_autofree char *path =
          bk_point_writer_file_path (copy->writer, disk->file + strlen (BK_POINT_DATA "/"));
      if (known->capacity_bytes == 0)
        {
          bk_set_error (error, BK_ERROR_UNAVAILABLE,
                        "libvirt does not say how large the disk “%s” of the VM “%s” is; start the "
                        "VM, or leave the disk out (--exclude-disk %s)",
                        disk->target, copy->run->vm->name, disk->target);
          return FALSE;
        }
      /* From <id>/data/ up to the project, and down to the parent's <id>/data/. */
      g_autofree char *backing =
          disk->parent == NULL ? NULL : g_strconcat ("../../", disk->parent, NULL);

      if (!bk_qemu_img_create (path, known->capacity_bytes, backing, error))
        return FALSE;
      bk_vm_backup_add_disk (copy->request, disk->target, path, disk->parent != NULL,
                             bk_vm_plan_find_disk (copy->run->plan, disk->target)->records);
    }
  return TRUE;
}

static void
on_copied (guint64 done_bytes, guint64 total_bytes, gpointer user_data)
{
  bk_vm_run_progress (user_data, "copy", done_bytes, total_bytes);
}

/* Asks the guest to write out its file systems and hold still. Where it cannot, the copy is what a
 * power cut would leave, and says so. */
static gboolean
freeze (BkVmCopy *copy)
{
  BkVmRun *run = copy->run;
  g_autoptr (GError) error = NULL;

  if (!run->request->quiesce || run->vm->state != BK_VM_RUNNING)
    return FALSE;
  switch (bk_hypervisor_freeze (run->hypervisor, run->vm->uuid, &error))
    {
    case BK_FREEZE_DONE:
      bk_vm_run_log (run, BK_LOG_INFO, NULL, "quiesce", "The guest's file systems hold still");
      return TRUE;
    case BK_FREEZE_NO_AGENT:
      bk_vm_run_log (run, BK_LOG_INFO, NULL, "quiesce",
                     "The VM has no guest agent: its disks are copied as a power cut would leave "
                     "them");
      return FALSE;
    case BK_FREEZE_FAILED:
      break;
    }
  bk_vm_copy_warn (
      copy,
      "The guest agent did not hold the file systems still (%s): the disks are copied as "
      "a power cut would leave them",
      error->message);
  return FALSE;
}

static void
thaw (BkVmCopy *copy)
{
  g_autoptr (GError) error = NULL;

  if (!bk_hypervisor_thaw (copy->run->hypervisor, copy->run->vm->uuid, &error))
    bk_vm_copy_warn (copy,
                     "The guest's file systems may still hold still: %s; run “virsh domfsthaw %s”",
                     error->message, copy->run->vm->name);
}

/* A copy that runs faster than it should is a copy all the same. */
static void
limit (BkVmCopy *copy)
{
  const BkVmRun *run = copy->run;
  g_autoptr (GError) error = NULL;

  if (!bk_hypervisor_limit_backup (run->hypervisor, run->vm->uuid, copy->request,
                                   (guint64) run->request->limit_mib * 1024 * 1024, &error))
    bk_vm_copy_warn (copy, "The speed limit of %u MiB a second is not in force: %s",
                     run->request->limit_mib, error->message);
}

/* The freeze lasts for the instant of the copy's beginning only; QEMU keeps what changes after. */
static gboolean
begin (BkVmCopy *copy, char **lost_disk, GError **error)
{
  BkVmRun *run = copy->run;
  gboolean frozen = freeze (copy);
  gboolean began =
      bk_hypervisor_begin_backup (run->hypervisor, run->vm->uuid, copy->request, lost_disk, error);

  if (frozen)
    thaw (copy);
  copy->began = began;
  if (began && run->request->limit_mib > 0)
    limit (copy);
  return began;
}

/* The bitmap of a disk is missing or broken (QEMU was killed, the disk was replaced): decide again,
 * and begin under a checkpoint of another name. */
static gboolean
prepare_without (BkVmCopy *copy, const char *lost_disk, GError **error)
{
  BkBackup *backup = bk_point_writer_backup (copy->writer);

  if (!bk_vm_run_delete_checkpoint (copy->run, copy->point->checkpoint, error) ||
      !bk_vm_copy_plan_without (copy, lost_disk, error))
    return FALSE;
  json_object_unref (backup->extra);
  backup->extra = bk_vm_point_to_json (copy->point);
  g_clear_pointer (&copy->request, bk_vm_backup_free);
  return bk_vm_run_check_space (copy->run, error) &&
         bk_point_writer_write_metadata (copy->writer, error) &&
         bk_vm_copy_create_targets (copy, error);
}

/* Each time it does not begin there is one disk less to be copied incrementally. */
static gboolean
begin_with_what_is_known (BkVmCopy *copy, GError **error)
{
  while (TRUE)
    {
      g_autoptr (GError) local = NULL;
      g_autofree char *lost_disk = NULL;

      if (begin (copy, &lost_disk, &local))
        return TRUE;
      if (copy->point->kind != BK_POINT_INCREMENTAL || copy->point->checkpoint == NULL ||
          !g_error_matches (local, BK_ERROR, BK_ERROR_INTEGRITY))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      bk_vm_run_log (copy->run, BK_LOG_WARNING, NULL, "backup.bitmap", "%s", local->message);
      if (!prepare_without (copy, lost_disk, error))
        return FALSE;
    }
}

/* QEMU gives the whole copy to its disk at the end, and the guest waits with it: it is written while
 * it is made. */
static BkWriteOut *
write_out_targets (BkVmCopy *copy)
{
  g_autoptr (GStrvBuilder) paths = g_strv_builder_new ();

  for (guint i = 0; i < copy->point->disks->len; i++)
    {
      const BkPointDisk *disk = g_ptr_array_index (copy->point->disks, i);
      g_autofree char *path =
          g_strconcat (bk_point_writer_backup (copy->writer)->id, "/", disk->file, NULL);

      g_strv_builder_add (paths, path);
    }
  g_auto (GStrv) files = g_strv_builder_end (paths);
  return bk_write_out_start (copy->run->project, (const char *const *) files);
}

/**
 * bk_vm_copy_transfer:
 * @copy: its targets are there
 *
 * Has QEMU copy, and waits. The base is read and hashed meanwhile: the two wait for different things.
 */
gboolean
bk_vm_copy_transfer (BkVmCopy *copy, GError **error)
{
  BkVmRun *run = copy->run;
  g_autoptr (GError) family_error = NULL;

  bk_vm_run_log (
      run, BK_LOG_INFO, bk_point_writer_backup (copy->writer)->id, "copy",
      bk_ngettext ("Copying %u disk of “%s”", "Copying %u disks of “%s”", copy->point->disks->len),
      copy->point->disks->len, run->vm->name);
  if (!begin_with_what_is_known (copy, error))
    return FALSE;
  g_autoptr (BkWriteOut) write_out = write_out_targets (copy);
  if (copy->point->kind == BK_POINT_INCREMENTAL && !bk_vm_verify_family (run, &family_error))
    {
      bk_hypervisor_abort_backup (run->hypervisor, run->vm->uuid, NULL);
      g_propagate_error (error, g_steal_pointer (&family_error));
      return FALSE;
    }
  return bk_hypervisor_wait_backup (run->hypervisor, run->vm->uuid, on_copied, run,
                                    run->cancellable, error);
}
