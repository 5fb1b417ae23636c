#include "store/backup-remove.h"

#include "base/atomic-file.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
 * next run removes. */
static gboolean
remove_own_directory (int project, const char *name, const char *what, GError **error)
{
  g_autofree char *doomed = g_strdup_printf (BK_TEMPORARY_PREFIX "removed-%s", name);

  if (!bk_remove_tree_at (project, doomed, error))
    return FALSE;
  if (renameat (project, name, project, doomed) < 0)
    return bk_error_set_errno (error, errno, "“%s” cannot be removed", name);
  return bk_sync_directory (project, what, error) && bk_remove_tree_at (project, doomed, error);
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
  return project >= 0 && remove_own_directory (project, own, backup->project_id, error);
}
