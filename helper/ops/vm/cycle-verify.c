#include "ops/vm/cycle-verify.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "store/repository/catalogue.h"
#include "store/repository/cycle-file.h"

#include <string.h>

static gboolean broken (GError **error, const char *project_id, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

static gboolean
broken (GError **error, const char *project_id, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_autofree char *why = g_strdup_vprintf (format, args);
  va_end (args);
  bk_set_error (error, BK_ERROR_INTEGRITY,
                "The manifest.json of “%s” is not what its backups say: %s; move it away, and the "
                "next backup begins a new cycle",
                project_id, why);
  return FALSE;
}

static GPtrArray *
find_members (BkRepository *repository,
              const char *project_id,
              const BkCycle *cycle,
              GError **error)
{
  g_autoptr (GPtrArray) members = g_ptr_array_new_with_free_func ((GDestroyNotify) bk_backup_free);

  for (guint i = 0; i < cycle->backup_ids->len; i++)
    {
      const char *id = g_ptr_array_index (cycle->backup_ids, i);
      const char *parent = i == 0 ? NULL : g_ptr_array_index (cycle->backup_ids, i - 1);
      g_autofree char *full_id = g_strconcat (project_id, "/", id, NULL);
      g_autoptr (BkBackup) member = bk_catalogue_find (repository, full_id, NULL);

      if (member == NULL || member->status != BK_BACKUP_COMPLETED)
        {
          broken (error, project_id, _ ("“%s” is not a completed backup"), id);
          return NULL;
        }
      if (g_strcmp0 (member->parent_backup_id, parent) != 0)
        {
          broken (error, project_id, _ ("“%s” does not continue “%s”"), id,
                  parent == NULL ? "" : parent);
          return NULL;
        }
      g_ptr_array_add (members, g_steal_pointer (&member));
    }
  return g_steal_pointer (&members);
}

/* @path: relative to the project: <backup>/<file> */
static const BkBackupFile *
find_file (const GPtrArray *members, const char *path)
{
  g_auto (GStrv) parts = g_strsplit (path, "/", 2);

  for (guint i = 0; parts[0] != NULL && parts[1] != NULL && i < members->len; i++)
    {
      const BkBackup *member = g_ptr_array_index (members, i);

      if (strcmp (member->id, parts[0]) == 0)
        return bk_backup_find_file (member, parts[1]);
    }
  return NULL;
}

static gboolean
check_disk (const GPtrArray *members,
            const char *project_id,
            const BkCycleDisk *disk,
            GError **error)
{
  const BkBackupFile *base = find_file (members, disk->base_full_file);

  if (base == NULL)
    return broken (error, project_id, _ ("no backup has the file “%s”"), disk->base_full_file);
  if (strcmp (base->sha256, disk->base_full_hash_sha256) != 0)
    return broken (error, project_id, _ ("the SHA-256 of “%s” is another"), disk->base_full_file);
  for (guint i = 0; i < disk->incremental_files->len; i++)
    {
      const char *path = g_ptr_array_index (disk->incremental_files, i);

      if (find_file (members, path) == NULL)
        return broken (error, project_id, _ ("no backup has the file “%s”"), path);
    }
  return TRUE;
}

/**
 * bk_vm_cycle_verify:
 * @project_id: of any kind; only a VM's has a cycle
 *
 * Compares manifest.json with what the backups it names say of themselves. One that is being
 * consolidated says what will be, and is left.
 *
 * Errors: %BK_ERROR_INTEGRITY names what differs.
 */
gboolean
bk_vm_cycle_verify (BkRepository *repository, const char *project_id, GError **error)
{
  g_autoptr (BkCycle) cycle = NULL;

  if (!g_str_has_prefix (project_id, "vm/"))
    return TRUE;

  autofd int project = bk_repository_open_project (repository, project_id, error);
  if (project < 0 || !bk_cycle_file_load (project, project_id, &cycle, error))
    return FALSE;
  if (cycle == NULL || cycle->status == BK_CYCLE_CONSOLIDATING)
    return TRUE;

  g_autoptr (GPtrArray) members = find_members (repository, project_id, cycle, error);
  for (guint i = 0; members != NULL && i < cycle->disks->len; i++)
    {
      if (!check_disk (members, project_id, g_ptr_array_index (cycle->disks, i), error))
        return FALSE;
    }
  return members != NULL;
}
