#include "store/backup-remove.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"

#include <fcntl.h>
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

/**
 * bk_backup_remove:
 * @backup: one that the catalogue gave; the caller holds its project's lock and has decided
 *
 * Removes a backup: its record first, so that it is gone whole at every instant. Of a directory of
 * its own the name goes first, and then what is in it.
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
  return project >= 0 && bk_remove_tree_at (dirfd, "metadata.json", error) &&
         bk_sync_directory (dirfd, backup->id, error) && bk_remove_tree_at (project, own, error) &&
         bk_sync_directory (project, backup->project_id, error);
}
