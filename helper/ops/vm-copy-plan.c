/* Which disks a copy takes, each in full or by what changed, what it calls them, and whether there is
 * room. Nothing is written. */
#include "ops/vm-copy-private.h"

#include "base/error.h"
#include "base/gettext.h"
#include "base/quantity.h"

/* What this disk's new file continues, relative to the project; NULL: it is copied in full. */
static const char *
find_parent (BkVmCopy *copy, const BkVmDisk *disk, BkDiskAbility ability, const char *reason)
{
  const BkCycleDisk *chain =
      copy->run->cycle == NULL ? NULL : bk_cycle_find_disk (copy->run->cycle, disk->target);

  if (ability == BK_DISK_FULL)
    bk_vm_run_log (copy->run, BK_LOG_INFO, NULL, "backup.disk", "%s: %s", disk->target, _ (reason));
  if (copy->point->kind != BK_POINT_INCREMENTAL || ability == BK_DISK_FULL || copy->in_full)
    return NULL;
  if (chain == NULL)
    bk_vm_copy_warn (copy, "%s was added since the last backup: it is copied in full this time",
                     disk->target);
  return chain == NULL ? NULL : bk_cycle_disk_top (chain);
}

static gboolean
is_excluded (BkVmCopy *copy, const char *target)
{
  const char *const *exclude = copy->run->request->exclude_disks;

  return exclude != NULL && g_strv_contains (exclude, target);
}

static gboolean
check_excludes (BkVmCopy *copy, GError **error)
{
  const char *const *exclude = copy->run->request->exclude_disks;

  for (; exclude != NULL && *exclude != NULL; exclude++)
    {
      g_autofree char *line = bk_error_one_line (*exclude);

      if (bk_vm_find_disk (copy->run->vm, *exclude) != NULL)
        continue;
      bk_set_error (
          error, BK_ERROR_USAGE,
          "The VM “%s” has no disk “%s” to exclude; “cockpit-backup vm list --json” shows "
          "its disks",
          copy->run->vm->name, line);
      return FALSE;
    }
  return TRUE;
}

static void
add_disk (BkVmCopy *copy, const BkVmDisk *disk, const char *part, gint64 usecs)
{
  const char *reason;
  BkDiskAbility ability = bk_vm_disk_ability (disk, &reason);

  if (ability == BK_DISK_NONE)
    {
      if (reason != NULL)
        bk_vm_copy_warn (copy, "%s: %s", disk->target, _ (reason));
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

/**
 * bk_vm_copy_new_checkpoint_name:
 *
 * Checkpoint names never repeat: where libvirt lost a checkpoint but the image kept its bitmap, the
 * same name would be refused for ever.
 *
 * Returns: (transfer full)
 */
char *
bk_vm_copy_new_checkpoint_name (gint64 usecs)
{
  g_autofree char *time = bk_cycle_backup_id ("cockpit-backup", "checkpoint", usecs);

  return g_strdup_printf ("%s-%08x", time, g_random_int ());
}

/**
 * bk_vm_copy_part:
 *
 * Returns: (transfer none): the word for @kind in names of files and backups.
 */
const char *
bk_vm_copy_part (BkPointKind kind)
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
find_what_tells_changes (BkVmCopy *copy, GError **error)
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
    bk_vm_copy_warn (
        copy,
        "The VM's checkpoint “%s” is gone, so nothing tells what changed since the last backup: "
        "every disk is copied in full this time",
        last);
  return TRUE;
}

/**
 * bk_vm_copy_plan:
 * @copy: gets its point
 * @usecs: the time in the names
 *
 * Errors: of what was asked for; %BK_ERROR_UNSUPPORTED if no disk can be backed up.
 */
gboolean
bk_vm_copy_plan (BkVmCopy *copy, BkPointKind kind, gint64 usecs, GError **error)
{
  BkVmRun *run = copy->run;
  const char *part = bk_vm_copy_part (kind);

  copy->point = bk_vm_point_new (kind, run->vm->name, run->vm->uuid);
  if (!check_excludes (copy, error) || !find_what_tells_changes (copy, error))
    return FALSE;
  for (guint i = 0; i < run->vm->disks->len; i++)
    add_disk (copy, g_ptr_array_index (run->vm->disks, i), part, usecs);
  if (copy->point->disks->len == 0)
    {
      bk_set_error (error, BK_ERROR_UNSUPPORTED, "The VM “%s” has no disk that can be backed up",
                    run->vm->name);
      return FALSE;
    }
  for (guint i = 0; i < copy->point->disks->len; i++)
    {
      const BkPointDisk *disk = g_ptr_array_index (copy->point->disks, i);
      const BkVmDisk *known = bk_vm_find_disk (run->vm, disk->target);

      if (kind != BK_POINT_STANDALONE && bk_vm_disk_ability (known, NULL) == BK_DISK_INCREMENTAL &&
          copy->point->checkpoint == NULL)
        copy->point->checkpoint = bk_vm_copy_new_checkpoint_name (usecs);
    }
  return TRUE;
}

static guint64
needed_bytes (BkVmCopy *copy)
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

/**
 * bk_vm_copy_check_space:
 *
 * What an incremental will take is known only when it is done; a full copy takes what the disk has.
 *
 * Errors: %BK_ERROR_NO_SPACE
 */
gboolean
bk_vm_copy_check_space (BkVmCopy *copy, GError **error)
{
  BkVmRun *run = copy->run;
  guint64 needed = needed_bytes (copy);
  guint64 free_bytes;

  if (!bk_repository_free_bytes (run->repository, &free_bytes, error))
    return FALSE;
  if (needed <= free_bytes)
    return TRUE;

  g_autofree char *needs = bk_size_text (needed);
  g_autofree char *has = bk_size_text (free_bytes);
  bk_set_error (error, BK_ERROR_NO_SPACE,
                "The backup of “%s” was not started: it needs %s in “%s”, which has %s; free some "
                "space there or set another repository",
                run->vm->name, needs, bk_repository_path (run->repository), has);
  return FALSE;
}
