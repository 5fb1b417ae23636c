#include "ops/vm/list.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "base/path.h"
#include "store/repository/catalogue.h"
#include "store/repository/cycle-file.h"

#include <string.h>

static void
warning_free (gpointer data)
{
  BkVmWarning *warning = data;

  g_free (warning->message);
  g_free (warning);
}

void
bk_vm_entry_free (BkVmEntry *entry)
{
  g_clear_pointer (&entry->last_backup, bk_backup_free);
  g_ptr_array_unref (entry->warnings);
  g_free (entry->job_id);
  g_free (entry);
}

static void warn (BkVmEntry *entry, const char *code, const char *format, ...) G_GNUC_PRINTF (3, 4);

static void
warn (BkVmEntry *entry, const char *code, const char *format, ...)
{
  BkVmWarning *warning = g_new0 (BkVmWarning, 1);
  va_list args;

  va_start (args, format);
  warning->code = code;
  warning->message = g_strdup_vprintf (format, args);
  va_end (args);
  g_ptr_array_add (entry->warnings, warning);
}

static void
warn_of_disks (BkVmEntry *entry)
{
  static const char *const codes[] = {
    [BK_DISK_INCREMENTAL] = "disk-encrypted",
    [BK_DISK_FULL] = "disk-full-each-time",
    [BK_DISK_NONE] = "disk-not-backed-up",
  };

  for (guint i = 0; i < entry->vm->disks->len; i++)
    {
      const BkVmDisk *disk = g_ptr_array_index (entry->vm->disks, i);
      const char *reason;
      BkDiskAbility ability = bk_vm_disk_ability (disk, &reason);

      g_autoptr (BkDiskTrouble) trouble = bk_vm_disk_trouble (entry->vm, disk);

      if (trouble != NULL)
        warn (entry, trouble->code, "%s: %s", disk->target, trouble->message);
      if (reason != NULL)
        warn (entry, codes[ability], "%s: %s", disk->target, _ (reason));
    }
}

static void
read_cycle (BkVmEntry *entry, int project, const char *project_id)
{
  g_autoptr (BkCycle) cycle = NULL;
  g_autoptr (GError) error = NULL;

  if (!bk_cycle_file_load (project, project_id, &cycle, &error))
    {
      warn (entry, "manifest-broken", "%s", error->message);
      return;
    }
  if (cycle != NULL && strcmp (cycle->uuid, entry->vm->uuid) != 0)
    {
      warn (entry, "other-vm", "%s",
            _ ("The backups of this name are of another VM; the next one begins a new cycle."));
      return;
    }
  entry->next_step = bk_cycle_next_step (cycle, entry->max_incrementals);
  entry->incrementals_count = cycle == NULL ? 0 : bk_cycle_incrementals_count (cycle);
  /* While a job works on it, a manifest that says "consolidating" is not one that died. */
  if (cycle != NULL && cycle->status == BK_CYCLE_CONSOLIDATING && entry->job_id == NULL)
    warn (entry, "consolidation-interrupted", "%s",
          _ ("A consolidation was interrupted; the next backup finishes it."));
}

/**
 * bk_vm_entry_new:
 * @vm: as it is now; it must outlive the entry
 * @repository: (nullable): %NULL while there is none yet
 * @max_incrementals: the setting
 *
 * Returns: (transfer full): the VM with what the repository knows about it.
 */
BkVmEntry *
bk_vm_entry_new (const BkVm *vm, BkRepository *repository, guint max_incrementals)
{
  BkVmEntry *entry = g_new0 (BkVmEntry, 1);
  g_autofree char *project_id = g_strconcat ("vm/", vm->name, NULL);
  autofd int project = -1;

  entry->vm = vm;
  entry->next_step = BK_STEP_BASE;
  entry->max_incrementals = max_incrementals;
  entry->warnings = g_ptr_array_new_with_free_func (warning_free);
  if (vm->has_saved_memory)
    warn (
        entry, "memory-saved", "%s",
        _ ("It is off with its memory saved: it can be backed up once it has been started, or the "
           "saved memory was given up."));
  warn_of_disks (entry);
  if (repository != NULL && bk_name_is_safe (vm->name))
    project = bk_open_directory_at (bk_repository_fd (repository), project_id, NULL);
  if (project < 0)
    return entry;

  entry->job_id = bk_lock_dup_holder (project, BK_PROJECT_LOCK_NAME);
  read_cycle (entry, project, project_id);
  entry->last_backup = bk_catalogue_newest_completed (repository, project_id);
  return entry;
}

static GHashTable *
collect_used (const GPtrArray *vms, const GPtrArray *images)
{
  GHashTable *used = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < vms->len; i++)
    {
      const BkVm *vm = g_ptr_array_index (vms, i);

      for (guint k = 0; k < vm->disks->len; k++)
        {
          const BkVmDisk *disk = g_ptr_array_index (vm->disks, k);

          if (disk->path != NULL)
            g_hash_table_add (used, disk->path);
        }
    }
  /* What a used image is built upon is used too; a chain is followed to its end. */
  for (gboolean grew = TRUE; grew;)
    {
      grew = FALSE;
      for (guint i = 0; i < images->len; i++)
        {
          const BkVmImage *image = g_ptr_array_index (images, i);

          if (image->backing_path != NULL && g_hash_table_contains (used, image->path))
            grew |= g_hash_table_add (used, image->backing_path);
        }
    }
  return used;
}

/**
 * bk_vm_list_unused_images:
 * @vms: (element-type BkVm): all of them
 *
 * Returns: (transfer full) (element-type BkVmImage) (nullable): the images in storage pools that
 *   no VM uses, directly or as the base of another image.
 */
GPtrArray *
bk_vm_list_unused_images (BkHypervisor *hypervisor,
                          const GPtrArray *vms,
                          GCancellable *cancellable,
                          GError **error)
{
  g_autoptr (GPtrArray) images = bk_hypervisor_list_images (hypervisor, cancellable, error);
  if (images == NULL)
    return NULL;

  g_autoptr (GHashTable) used = collect_used (vms, images);
  GPtrArray *unused = g_ptr_array_new_with_free_func ((GDestroyNotify) bk_vm_image_free);
  for (guint i = images->len; i > 0; i--)
    {
      const BkVmImage *image = g_ptr_array_index (images, i - 1);

      if (!g_hash_table_contains (used, image->path))
        g_ptr_array_add (unused, g_ptr_array_steal_index (images, i - 1));
    }
  return unused;
}
