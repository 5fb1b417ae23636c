#include "ops/vm-copy.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "format/domain-xml.h"
#include "format/vm-point-json.h"
#include "ops/vm-family.h"
#include "store/point-writer.h"
#include "vm/qemu-img.h"

#include <errno.h>
#include <string.h>

/*
 * A Base or an Incremental. The order of its writes:
 *
 *   metadata.json "running"  →  empty targets, domain.xml  →  QEMU copies (checkpoint in the same
 *   instant)  →  fsync, SHA-256  →  metadata.json "completed"  →  manifest.json  →  the checkpoint
 *   before it is deleted
 *
 * Whatever dies in between, bk_vm_recover() finds its way back (ops/vm-recover.c).
 */

/* The copy of one run while it is being made. */
typedef struct
{
  BkVmRun *run;
  BkVmPoint *point;
  BkVmBackup *request; /* what the hypervisor is asked for */
  BkPointWriter *writer;
  gboolean started_paused;
  gboolean began;   /* the checkpoint may exist */
  gboolean in_full; /* of an incremental: nothing tells what changed, every disk is copied whole */
  gboolean completed; /* on the disk, whatever happens after */
} Copy;

static void
copy_clear (Copy *copy)
{
  g_clear_pointer (&copy->point, bk_vm_point_free);
  g_clear_pointer (&copy->request, bk_vm_backup_free);
  g_clear_pointer (&copy->writer, bk_point_writer_free);
}

static void warn (Copy *copy, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
warn (Copy *copy, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  char *message = g_strdup_vprintf (format, args);
  va_end (args);
  g_ptr_array_add (copy->point->warnings, message);
  bk_vm_run_log (copy->run, BK_LOG_WARNING, NULL, "backup.warning", "%s", message);
}

/* What this disk's new file continues, relative to the project; NULL: it is copied in full. */
static const char *
find_parent (Copy *copy, const BkVmDisk *disk, BkDiskAbility ability, const char *reason)
{
  const BkCycleDisk *chain =
      copy->run->cycle == NULL ? NULL : bk_cycle_find_disk (copy->run->cycle, disk->target);

  if (ability == BK_DISK_FULL)
    bk_vm_run_log (copy->run, BK_LOG_INFO, NULL, "backup.disk", "%s: %s", disk->target, reason);
  if (copy->point->kind != BK_POINT_INCREMENTAL || ability == BK_DISK_FULL || copy->in_full)
    return NULL;
  if (chain == NULL)
    warn (copy, "%s was added since the last backup: it is copied in full this time", disk->target);
  return chain == NULL ? NULL : bk_cycle_disk_top (chain);
}

static gboolean
is_excluded (Copy *copy, const char *target)
{
  const char *const *exclude = copy->run->request->exclude_disks;

  return exclude != NULL && g_strv_contains (exclude, target);
}

static gboolean
check_excludes (Copy *copy, GError **error)
{
  const char *const *exclude = copy->run->request->exclude_disks;

  for (; exclude != NULL && *exclude != NULL; exclude++)
    {
      g_autofree char *line = bk_error_one_line (*exclude);

      if (bk_vm_find_disk (copy->run->vm, *exclude) != NULL)
        continue;
      g_set_error (error, BK_ERROR, BK_ERROR_USAGE,
                   "The VM “%s” has no disk “%s” to exclude; “cockpit-backup vm list --json” shows "
                   "its disks",
                   copy->run->vm->name, line);
      return FALSE;
    }
  return TRUE;
}

static void
add_disk (Copy *copy, const BkVmDisk *disk, const char *part, gint64 usecs)
{
  const char *reason;
  BkDiskAbility ability = bk_vm_disk_ability (disk, &reason);

  if (ability == BK_DISK_NONE)
    {
      if (reason != NULL)
        warn (copy, "%s: %s", disk->target, reason);
      return;
    }
  if (is_excluded (copy, disk->target))
    {
      bk_vm_run_log (copy->run, BK_LOG_INFO, NULL, "backup.disk", "%s: left out, as asked for",
                     disk->target);
      return;
    }

  const char *parent = find_parent (copy, disk, ability, reason);
  g_autofree char *name = bk_cycle_file_name (copy->run->vm->name, disk->target, part, usecs);
  g_autofree char *file = g_strconcat (BK_POINT_DATA "/", name, NULL);
  bk_vm_point_add_disk (copy->point, disk->target, file, parent, disk->capacity_bytes);
}

/* Checkpoint names never repeat: where libvirt lost a checkpoint but the image kept its bitmap, the
 * same name would be refused for ever. */
static char *
new_checkpoint_name (gint64 usecs)
{
  g_autofree char *time = bk_cycle_backup_id ("cockpit-backup", "checkpoint", usecs);

  return g_strdup_printf ("%s-%08x", time, g_random_int ());
}

static const char *
part_of (BkPointKind kind)
{
  switch (kind)
    {
    case BK_POINT_BASE:
      return BK_CYCLE_PART_BASE;
    case BK_POINT_INCREMENTAL:
      return BK_CYCLE_PART_INCREMENTAL;
    case BK_POINT_STANDALONE:
      return BK_CYCLE_PART_SNAPSHOT;
    case BK_POINT_MERGED:
      break;
    }
  return BK_CYCLE_PART_MERGED;
}

/* Somebody can have deleted the checkpoint that the next incremental starts from. */
static gboolean
find_what_tells_changes (Copy *copy, GError **error)
{
  BkVmRun *run = copy->run;
  const char *last = run->cycle == NULL ? NULL : run->cycle->last_checkpoint_name;
  gboolean has = FALSE;

  if (copy->point->kind != BK_POINT_INCREMENTAL)
    return TRUE;
  if (!bk_vm_run_has_checkpoint (run, last, &has, error))
    return FALSE;
  copy->in_full = !has;
  if (!has && last != NULL)
    warn (copy,
          "The VM's checkpoint “%s” is gone, so nothing tells what changed since the last backup: "
          "every disk is copied in full this time",
          last);
  return TRUE;
}

static gboolean
plan (Copy *copy, BkPointKind kind, gint64 usecs, GError **error)
{
  BkVmRun *run = copy->run;
  const char *part = part_of (kind);

  copy->point = bk_vm_point_new (kind, run->vm->name, run->vm->uuid);
  if (!check_excludes (copy, error) || !find_what_tells_changes (copy, error))
    return FALSE;
  for (guint i = 0; i < run->vm->disks->len; i++)
    add_disk (copy, g_ptr_array_index (run->vm->disks, i), part, usecs);
  if (copy->point->disks->len == 0)
    {
      g_set_error (error, BK_ERROR, BK_ERROR_UNSUPPORTED,
                   "The VM “%s” has no disk that can be backed up", run->vm->name);
      return FALSE;
    }
  for (guint i = 0; i < copy->point->disks->len; i++)
    {
      const BkPointDisk *disk = g_ptr_array_index (copy->point->disks, i);
      const BkVmDisk *known = bk_vm_find_disk (run->vm, disk->target);

      if (kind != BK_POINT_STANDALONE && bk_vm_disk_ability (known, NULL) == BK_DISK_INCREMENTAL &&
          copy->point->checkpoint == NULL)
        copy->point->checkpoint = new_checkpoint_name (usecs);
    }
  return TRUE;
}

static guint64
needed_bytes (Copy *copy)
{
  guint64 needed = 0;

  for (guint i = 0; i < copy->point->disks->len; i++)
    {
      const BkPointDisk *disk = g_ptr_array_index (copy->point->disks, i);

      if (disk->parent == NULL)
        needed += bk_vm_find_disk (copy->run->vm, disk->target)->allocation_bytes;
    }
  return needed;
}

/* What an incremental will take is known only when it is done; a full copy takes what the disk
 * has. */
static gboolean
check_space (Copy *copy, GError **error)
{
  BkVmRun *run = copy->run;
  guint64 needed = needed_bytes (copy);
  guint64 free_bytes;

  if (!bk_repository_free_bytes (run->repository, &free_bytes, error))
    return FALSE;
  if (needed <= free_bytes)
    return TRUE;

  g_autofree char *needs = g_format_size (needed);
  g_autofree char *has = g_format_size (free_bytes);
  g_set_error (error, BK_ERROR, BK_ERROR_NO_SPACE,
               "The backup of “%s” was not started: it needs %s in “%s”, which has %s; free some "
               "space there or set another repository",
               run->vm->name, needs, bk_repository_path (run->repository), has);
  return FALSE;
}

static BkBackup *
new_backup (Copy *copy, gint64 usecs)
{
  BkVmRun *run = copy->run;
  BkPointKind kind = copy->point->kind;
  const char *label = run->request->pin_label;
  BkBackupType type = kind == BK_POINT_INCREMENTAL ? BK_BACKUP_INCREMENTAL
                      : kind == BK_POINT_BASE      ? BK_BACKUP_FULL
                      : label != NULL              ? BK_BACKUP_CHECKPOINT
                                                   : BK_BACKUP_SNAPSHOT;
  g_autofree char *id = bk_cycle_backup_id (run->vm->name, part_of (kind), usecs);
  BkBackup *backup = bk_backup_new (id, run->project_id, type);

  backup->created_usecs = g_get_real_time ();
  if (kind == BK_POINT_INCREMENTAL)
    backup->parent_backup_id = g_strdup (bk_cycle_newest_backup_id (run->cycle));
  if (kind == BK_POINT_STANDALONE && label != NULL)
    backup->tags = g_strdupv ((char *[]){ (char *) label, NULL });
  backup->extra = bk_vm_point_to_json (copy->point);
  return backup;
}

static gboolean
open_writer (Copy *copy, gint64 usecs, GError **error)
{
  copy->writer = bk_point_writer_open (copy->run->project, copy->run->project_path,
                                       new_backup (copy, usecs), error);
  return copy->writer != NULL;
}

/* An empty image that QEMU then writes into: made by us so that an incremental's backing file is
 * the one before it in the repository, by a relative path, and never the VM's own disk. */
static gboolean
create_targets (Copy *copy, GError **error)
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
      /* From <id>/data/ up to the project, and down to the parent's <id>/data/. */
      g_autofree char *backing =
          disk->parent == NULL ? NULL : g_strconcat ("../../", disk->parent, NULL);

      if (!bk_qemu_img_create (path, known->capacity_bytes, backing, error))
        return FALSE;
      bk_vm_backup_add_disk (copy->request, disk->target, path, disk->parent != NULL,
                             copy->point->checkpoint != NULL &&
                                 bk_vm_disk_ability (known, NULL) == BK_DISK_INCREMENTAL);
    }
  return TRUE;
}

static gboolean
add_definition (Copy *copy, GError **error)
{
  g_autofree char *xml = bk_hypervisor_get_xml (copy->run->hypervisor, copy->run->vm->uuid, error);
  g_autofree char *nvram = NULL;

  if (xml == NULL || !bk_point_writer_add_text (copy->writer, "domain.xml", xml, error) ||
      !bk_domain_xml_read_nvram (xml, &nvram, error))
    return FALSE;
  return nvram == NULL || bk_point_writer_add_copy (copy->writer, "nvram", nvram, error);
}

static gboolean
start_if_off (Copy *copy, GError **error)
{
  BkVmRun *run = copy->run;

  if (bk_vm_is_active (run->vm))
    return TRUE;
  copy->point->started_paused = TRUE;
  json_object_unref (bk_point_writer_backup (copy->writer)->extra);
  bk_point_writer_backup (copy->writer)->extra = bk_vm_point_to_json (copy->point);
  if (!bk_point_writer_write_metadata (copy->writer, error))
    return FALSE;
  bk_vm_run_log (run, BK_LOG_INFO, NULL, "vm.start",
                 "The VM is off: it is started paused for the copy, and stopped again after it");
  copy->started_paused = bk_vm_run_start_paused (run, error);
  return copy->started_paused;
}

static void
on_copied (guint64 done_bytes, guint64 total_bytes, gpointer user_data)
{
  bk_vm_run_progress (user_data, "copy", done_bytes, total_bytes);
}

/* Asks the guest to write out its file systems and hold still. Where it cannot, the copy is what a
 * power cut would leave, and says so. */
static gboolean
freeze (Copy *copy)
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
  warn (copy,
        "The guest agent did not hold the file systems still (%s): the disks are copied as "
        "a power cut would leave them",
        error->message);
  return FALSE;
}

static void
thaw (Copy *copy)
{
  g_autoptr (GError) error = NULL;

  if (!bk_hypervisor_thaw (copy->run->hypervisor, copy->run->vm->uuid, &error))
    warn (copy, "The guest's file systems may still hold still: %s; run “virsh domfsthaw %s”",
          error->message, copy->run->vm->name);
}

/* The freeze lasts for the instant of the copy's beginning only; QEMU keeps what changes after. */
static gboolean
begin (Copy *copy, GError **error)
{
  BkVmRun *run = copy->run;
  gboolean frozen = freeze (copy);
  gboolean began =
      bk_hypervisor_begin_backup (run->hypervisor, run->vm->uuid, copy->request, error);

  if (frozen)
    thaw (copy);
  copy->began = began;
  if (began && run->request->limit_mib > 0)
    bk_hypervisor_limit_backup (run->hypervisor, run->vm->uuid, copy->request,
                                (guint64) run->request->limit_mib * 1024 * 1024);
  return began;
}

/* The bitmap of a disk is missing or broken (QEMU was killed, the disk was replaced): what changed is
 * not known, so each disk's chain begins anew inside the cycle, under a checkpoint of another name. */
static gboolean
begin_in_full (Copy *copy, const GError *why, GError **error)
{
  BkVmRun *run = copy->run;
  BkBackup *backup = bk_point_writer_backup (copy->writer);

  warn (copy, "%s: every disk is copied in full this time", why->message);
  if (!bk_vm_run_delete_checkpoint (run, copy->point->checkpoint, error))
    return FALSE;
  g_free (copy->point->checkpoint);
  copy->point->checkpoint = new_checkpoint_name (g_get_real_time ());
  for (guint i = 0; i < copy->point->disks->len; i++)
    g_clear_pointer (&((BkPointDisk *) g_ptr_array_index (copy->point->disks, i))->parent, g_free);
  json_object_unref (backup->extra);
  backup->extra = bk_vm_point_to_json (copy->point);
  g_clear_pointer (&copy->request, bk_vm_backup_free);
  return check_space (copy, error) && bk_point_writer_write_metadata (copy->writer, error) &&
         create_targets (copy, error) && begin (copy, error);
}

static gboolean
begin_or_begin_in_full (Copy *copy, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (begin (copy, &local))
    return TRUE;
  if (copy->point->kind == BK_POINT_INCREMENTAL && copy->point->checkpoint != NULL &&
      g_error_matches (local, BK_ERROR, BK_ERROR_INTEGRITY))
    return begin_in_full (copy, local, error);
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/* The base is read and hashed while QEMU copies: the two wait for different things. */
static gboolean
transfer (Copy *copy, GError **error)
{
  BkVmRun *run = copy->run;
  g_autoptr (GError) family_error = NULL;

  bk_vm_run_log (run, BK_LOG_INFO, bk_point_writer_backup (copy->writer)->id, "copy",
                 "Copying %u disk(s) of “%s”", copy->point->disks->len, run->vm->name);
  if (!begin_or_begin_in_full (copy, error))
    return FALSE;
  if (copy->point->kind == BK_POINT_INCREMENTAL && !bk_vm_verify_family (run, &family_error))
    {
      bk_hypervisor_abort_backup (run->hypervisor, run->vm->uuid, NULL);
      g_propagate_error (error, g_steal_pointer (&family_error));
      return FALSE;
    }
  return bk_hypervisor_wait_backup (run->hypervisor, run->vm->uuid, on_copied, run,
                                    run->cancellable, error);
}

static gboolean
seal_files (Copy *copy, GError **error)
{
  BkVmRun *run = copy->run;
  BkBackup *backup = bk_point_writer_backup (copy->writer);
  BkHashing hashing = { run, "hash", 0, 0 };

  for (guint i = 0; i < copy->point->disks->len; i++)
    {
      const BkPointDisk *disk = g_ptr_array_index (copy->point->disks, i);
      g_autofree char *path = g_strconcat (backup->id, "/", disk->file, NULL);
      guint64 size_bytes = 0;

      if (!bk_vm_run_file_size (run, path, &size_bytes, error))
        return FALSE;
      hashing.total_bytes += size_bytes;
    }
  for (guint i = 0; i < copy->point->disks->len; i++)
    {
      const BkPointDisk *disk = g_ptr_array_index (copy->point->disks, i);
      g_autofree char *path = g_strconcat (backup->id, "/", disk->file, NULL);
      guint64 size_bytes;
      autofd int fd = bk_open_file_at (run->project, path, error);

      if (fd < 0)
        return FALSE;
      if (fdatasync (fd) < 0)
        return bk_error_set_errno (error, errno, "“%s” cannot be made durable", path);
      g_autofree char *sha256 = bk_vm_run_hash (&hashing, path, &size_bytes, error);
      if (sha256 == NULL)
        return FALSE;
      bk_backup_add_file (backup, disk->file, size_bytes, sha256);
    }
  return TRUE;
}

static const char *
file_hash (gconstpointer hashes, const char *file)
{
  return bk_backup_find_file (hashes, file)->sha256;
}

static gboolean
commit (Copy *copy, GError **error)
{
  BkVmRun *run = copy->run;
  BkBackup *backup = bk_point_writer_backup (copy->writer);

  json_object_unref (backup->extra);
  backup->extra = bk_vm_point_to_json (copy->point);
  if (!bk_point_writer_complete (copy->writer, g_get_real_time (), error))
    return FALSE;
  copy->completed = TRUE;
  if (copy->point->kind == BK_POINT_STANDALONE)
    return TRUE; /* beside the cycle, which it does not change */

  g_autoptr (BkCycle) extended = bk_cycle_extend (run->cycle, copy->point, backup->id, file_hash,
                                                  backup, run->request->max_incrementals);
  return bk_cycle_file_save (run->project, extended, error);
}

/* From here on the backup is complete: what fails now is said, and mended by the next run. */
static void
drop_previous_checkpoint (Copy *copy)
{
  BkVmRun *run = copy->run;
  const char *previous = run->cycle == NULL ? NULL : run->cycle->last_checkpoint_name;
  g_autoptr (GError) error = NULL;

  if (previous != NULL && !bk_vm_run_delete_checkpoint (run, previous, &error))
    bk_vm_run_log (run, BK_LOG_WARNING, NULL, "checkpoint.delete", "%s; the next run tries again",
                   error->message);
}

/* After a lost connection QEMU may still write, and libvirt deletes no checkpoint until it has ended. */
static void
end_own_copy (Copy *copy)
{
  BkVmRun *run = copy->run;
  g_autoptr (GError) error = NULL;
  g_autofree char *file = bk_hypervisor_running_backup_file (run->hypervisor, run->vm->uuid, NULL);

  if (file == NULL || !g_str_has_prefix (file, run->project_path))
    return;
  if (!bk_hypervisor_abort_backup (run->hypervisor, run->vm->uuid, &error))
    bk_vm_run_log (run, BK_LOG_WARNING, NULL, "backup.abort", "%s; the next run tries again",
                   error->message);
}

/* What did not come about leaves nothing: no file, no checkpoint. A failure keeps a record of why;
 * a person who cancels wants none, and a base that is not what it was changes nothing at all. */
static void
undo (Copy *copy, const GError *why)
{
  BkVmRun *run = copy->run;
  g_autoptr (GError) error = NULL;
  BkError code = bk_error_code (why);
  gboolean without_trace = code == BK_ERROR_CANCELLED || code == BK_ERROR_INTEGRITY;

  /* Only manifest.json could not be written: the next run adds the backup to its cycle. */
  if (copy->completed)
    return;
  if (copy->began)
    end_own_copy (copy);
  if (copy->began && copy->point->checkpoint != NULL &&
      !bk_vm_run_delete_checkpoint (run, copy->point->checkpoint, &error))
    {
      bk_vm_run_log (run, BK_LOG_WARNING, NULL, "checkpoint.delete", "%s; the next run tries again",
                     error->message);
      g_clear_error (&error);
      without_trace = FALSE; /* the record is what the next run knows the checkpoint by */
    }
  if (copy->writer != NULL &&
      !bk_point_discard (run->project, bk_point_writer_backup (copy->writer),
                         without_trace ? NULL : why->message, g_get_real_time (), &error))
    bk_vm_run_log (run, BK_LOG_WARNING, NULL, "backup.clean", "%s; the next run tries again",
                   error->message);
}

static gboolean
make (Copy *copy, gint64 usecs, GError **error)
{
  return check_space (copy, error) && bk_vm_run_check_passable (copy->run, error) &&
         open_writer (copy, usecs, error) && create_targets (copy, error) &&
         add_definition (copy, error) && start_if_off (copy, error) && transfer (copy, error) &&
         seal_files (copy, error) && commit (copy, error);
}

/**
 * bk_vm_copy:
 * @kind: a Base begins a cycle, an Incremental continues the one @run has, a standalone copy
 *   stands beside it
 *
 * Errors: %BK_ERROR_INTEGRITY when the base is not what it was, %BK_ERROR_NO_SPACE,
 *   %BK_ERROR_BUSY, %BK_ERROR_CANCELLED, and those of the hypervisor. Nothing is left then but
 *   the record of the failure.
 *
 * Returns: (transfer full) (nullable): the completed backup.
 */
BkBackup *
bk_vm_copy (BkVmRun *run, BkPointKind kind, GError **error)
{
  gint64 usecs = bk_vm_run_find_free_time (run);
  Copy copy = { .run = run };
  g_autoptr (GError) local = NULL;
  BkBackup *completed = NULL;

  if (plan (&copy, kind, usecs, &local) && make (&copy, usecs, &local))
    {
      if (kind != BK_POINT_STANDALONE)
        drop_previous_checkpoint (&copy);
      completed = bk_backup_copy (bk_point_writer_backup (copy.writer));
    }
  else
    {
      undo (&copy, local);
      g_propagate_error (error, g_steal_pointer (&local));
    }
  if (copy.started_paused)
    bk_vm_run_stop_again (run);
  copy_clear (&copy);
  return completed;
}
