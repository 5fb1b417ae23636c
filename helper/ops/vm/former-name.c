#include "ops/vm/former-name.h"

#include "base/fd.h"
#include "base/path.h"
#include "store/repository/cycle-file.h"

#include <string.h>

static gboolean
is_of (int vms, const char *name, const char *uuid)
{
  autofd int project = bk_name_is_safe (name) ? bk_open_directory_at (vms, name, NULL) : -1;
  g_autoptr (BkCycle) cycle = NULL;

  return project >= 0 && bk_cycle_file_load (project, name, &cycle, NULL) && cycle != NULL &&
         strcmp (cycle->uuid, uuid) == 0;
}

/**
 * bk_vm_find_former_name:
 * @repository_dir: need not be there yet
 *
 * Returns: (transfer full) (nullable): another name under which @vm has an active cycle: it was renamed
 *   since.
 */
char *
bk_vm_find_former_name (const char *repository_dir, const BkVm *vm)
{
  g_autofree char *directory = g_build_filename (repository_dir, "vm", NULL);
  autofd int vms = bk_open_directory (directory, NULL);
  g_autoptr (GPtrArray) names = vms < 0 ? NULL : bk_list_directory (vms, NULL);

  for (guint i = 0; names != NULL && i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);

      if (strcmp (name, vm->name) != 0 && is_of (vms, name, vm->uuid))
        return g_strdup (name);
    }
  return NULL;
}
