#include "ops/vm/facts.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/reflink.h"
#include "ops/vm/former-name.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

/* The chain of a clone is named in one argument of a program, which ends at 128 KiB. */
#define CHAIN_TEXT_MAX_BYTES (96 * 1024)

/* Of the repository, or of where it will be made. */
static guint64
free_bytes_at (const char *path)
{
  g_autofree char *directory = g_strdup (path);
  struct statvfs st;

  while (statvfs (directory, &st) < 0)
    {
      g_autofree char *parent = g_path_get_dirname (directory);

      if (strcmp (parent, directory) == 0)
        return 0;
      g_free (directory);
      directory = g_steal_pointer (&parent);
    }
  return (guint64) st.f_bavail * st.f_frsize;
}

static guint64
bytes_on_disk (int project, const char *path)
{
  autofd int fd = bk_open_file_at (project, path, NULL);
  struct stat st;

  return fd >= 0 && fstat (fd, &st) == 0 ? (guint64) st.st_blocks * 512 : 0;
}

static gboolean
can_clone (int project, const char *repository_dir, const BkCycle *cycle)
{
  /* Directories and names of the files: the longest name the file system has, three times. */
  gsize text_bytes = (strlen (repository_dir) + 1024) * (bk_cycle_incrementals_count (cycle) + 1);

  if (text_bytes > CHAIN_TEXT_MAX_BYTES)
    return FALSE;
  for (guint i = 0; i < cycle->disks->len; i++)
    {
      const BkCycleDisk *disk = g_ptr_array_index (cycle->disks, i);
      autofd int base = bk_open_file_at (project, disk->base_full_file, NULL);

      if (base < 0 || !bk_reflink_works (project, base))
        return FALSE;
    }
  return TRUE;
}

static void
read_files (BkVmPlanFacts *facts, const char *repository_dir, int project, const BkCycle *cycle)
{
  for (guint i = 0; i < cycle->disks->len; i++)
    {
      const BkCycleDisk *disk = g_ptr_array_index (cycle->disks, i);

      facts->bases_bytes += bytes_on_disk (project, disk->base_full_file);
      for (guint k = 0; k < disk->incremental_files->len; k++)
        facts->incrementals_bytes +=
            bytes_on_disk (project, g_ptr_array_index (disk->incremental_files, k));
    }
  facts->can_clone = facts->merge == BK_MERGE_AUTO && can_clone (project, repository_dir, cycle);
}

static gboolean
read_recorded (BkVmFacts *facts, BkHypervisor *hypervisor, GError **error)
{
  const BkVm *vm = facts->facts.vm;
  const char *last = facts->facts.cycle->last_checkpoint_name;
  g_autoptr (GError) local = NULL;

  if (last == NULL || strcmp (facts->facts.cycle->uuid, vm->uuid) != 0)
    return TRUE;
  facts->recorded = bk_hypervisor_get_recorded (hypervisor, vm->uuid, last, &local);
  facts->facts.recorded = facts->recorded;
  if (local == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/**
 * bk_vm_facts_read:
 * @facts: (out): clear it with bk_vm_facts_clear(); it borrows what it was read from
 * @repository_dir: need not be there yet
 * @project: of the project; -1 while there is none
 *
 * Errors: those of the hypervisor.
 */
gboolean
bk_vm_facts_read (BkVmFacts *facts,
                  const BkVmBackupRequest *request,
                  const char *repository_dir,
                  int project,
                  BkHypervisor *hypervisor,
                  const BkVm *vm,
                  const BkCycle *cycle,
                  GError **error)
{
  *facts = (BkVmFacts){
    .facts = {
      .vm = vm,
      .cycle = cycle,
      .max_incrementals = request->max_incrementals,
      .standalone = request->standalone || request->pin_label != NULL,
      .exclude_disks = request->exclude_disks,
      .merge = bk_merge_mode_of_request (request->merge, request->compress),
      .free_bytes = free_bytes_at (repository_dir),
    },
  };
  if (cycle == NULL && !facts->facts.standalone)
    facts->former_name = bk_vm_find_former_name (repository_dir, vm);
  facts->facts.former_name = facts->former_name;
  if (cycle == NULL || facts->facts.standalone)
    return TRUE;
  if (bk_cycle_next_step (cycle, request->max_incrementals) == BK_STEP_CONSOLIDATION)
    read_files (&facts->facts, repository_dir, project, cycle);
  return read_recorded (facts, hypervisor, error);
}

void
bk_vm_facts_clear (BkVmFacts *facts)
{
  g_clear_pointer (&facts->recorded, g_ptr_array_unref);
  g_clear_pointer (&facts->impassable, g_free);
  g_clear_pointer (&facts->former_name, g_free);
}
