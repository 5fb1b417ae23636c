#include "store/repository/backup-remove.h"

#include "base/atomic-file.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "format/vm-point-json.h"
#include "store/repository/checkpoint-note.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define REMOVED_PREFIX BK_TEMPORARY_PREFIX "removed-"

/* Several backups share this one's directory: its own files go, by name, after the record that
 * names them; what dies in between leaves files that nothing names. */
static gboolean
remove_among_others (int dirfd, const BkBackup *backup, GError **error)
{
  g_autofree char *metadata = g_strconcat (backup->id, ".metadata.json", NULL);

  if (!bk_remove_tree_at (dirfd, metadata, error) || !bk_sync_directory (dirfd, metadata, error))
    return FALSE;
  for (guint i = 0; i < backup->files->len; i++)
    {
      const BkBackupFile *file = g_ptr_array_index (backup->files, i);

      if (strchr (file->path, '/') == NULL && !bk_remove_tree_at (dirfd, file->path, error))
        return FALSE;
    }
  return TRUE;
}

/* It loses its name in one step; what dies after that leaves a temporary name, which the project's
 * next run, or the next removal, removes. */
static gboolean
remove_own_directory (int project, const char *name, const char *what, GError **error)
{
  g_autofree char *doomed = g_strconcat (REMOVED_PREFIX, name, NULL);

  if (!bk_remove_tree_at (project, doomed, error))
    return FALSE;
  if (renameat (project, name, project, doomed) < 0)
    return bk_error_set_errno (error, errno, "“%s” cannot be removed", name);
  return bk_sync_directory (project, what, error) && bk_remove_tree_at (project, doomed, error);
}

/* What libvirt may still have of it is noted: nothing else tells the project's next run. */
static gboolean
note_checkpoint (int project, const BkBackup *backup, GError **error)
{
  g_autoptr (BkVmPoint) point = g_str_has_prefix (backup->project_id, "vm/")
                                    ? bk_vm_point_from_json (backup->extra, backup->id, NULL)
                                    : NULL;

  return point == NULL || point->checkpoint == NULL ||
         bk_checkpoint_notes_add (project, point->uuid, point->checkpoint, error);
}

/* A full file system has room for the note only when the backup is gone: what dies in between then is a
 * checkpoint that a person has to delete; not to free any room would be worse. */
static gboolean
remove_noted (int project, const char *name, const BkBackup *backup, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (note_checkpoint (project, backup, &local))
    return remove_own_directory (project, name, backup->project_id, error);
  if (!g_error_matches (local, BK_ERROR, BK_ERROR_NO_SPACE))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  return remove_own_directory (project, name, backup->project_id, error) &&
         note_checkpoint (project, backup, error);
}

/**
 * bk_backup_remove:
 * @backup: one that the catalogue gave; the caller holds its project's lock and has decided
 *
 * Removes a backup: its record, or its name, first, so that at every instant it is there whole or
 * not at all.
 */
gboolean
bk_backup_remove (BkRepository *repository, const BkBackup *backup, GError **error)
{
  g_autofree char *parent = g_path_get_dirname (backup->directory);
  g_autofree char *own = g_path_get_basename (backup->directory);
  autofd int dirfd = bk_repository_open_directory (repository, backup->directory, error);

  if (dirfd < 0)
    return FALSE;
  if (strcmp (own, backup->id) != 0)
    {
      if (!remove_among_others (dirfd, backup, error))
        return FALSE;

      autofd int above = bk_repository_open_directory (repository, parent, error);
      /* A generation that is empty now goes too; rmdir() leaves any other. */
      if (above >= 0 && strcmp (backup->directory, backup->project_id) != 0)
        unlinkat (above, own, AT_REMOVEDIR);
      return above >= 0;
    }

  autofd int project = bk_repository_open_directory (repository, parent, error);
  return project >= 0 && remove_noted (project, own, backup, error);
}

/**
 * bk_backup_remove_has_leftovers:
 * @project_id: of a project whose backups have a directory each
 *
 * Returns: whether a removal was interrupted there.
 */
gboolean
bk_backup_remove_has_leftovers (BkRepository *repository, const char *project_id)
{
  autofd int project = bk_repository_open_project (repository, project_id, NULL);
  g_autoptr (GPtrArray) names = project < 0 ? NULL : bk_list_directory (project, NULL);

  for (guint i = 0; names != NULL && i < names->len; i++)
    {
      if (g_str_has_prefix (g_ptr_array_index (names, i), REMOVED_PREFIX))
        return TRUE;
    }
  return FALSE;
}

/**
 * bk_backup_remove_leftovers:
 *
 * Finishes what an interrupted removal began. The caller holds the project's lock.
 *
 * Returns: (transfer full) (element-type utf8) (nullable): the ids of the backups that were being
 *   removed.
 */
GPtrArray *
bk_backup_remove_leftovers (BkRepository *repository, const char *project_id, GError **error)
{
  autofd int project = bk_repository_open_project (repository, project_id, error);
  g_autoptr (GPtrArray) names = project < 0 ? NULL : bk_list_directory (project, error);
  g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);

  if (names == NULL)
    return NULL;
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);

      if (!g_str_has_prefix (name, REMOVED_PREFIX))
        continue;
      if (!bk_remove_tree_at (project, name, error))
        return NULL;
      g_ptr_array_add (ids, g_strdup (name + strlen (REMOVED_PREFIX)));
    }
  return g_steal_pointer (&ids);
}
