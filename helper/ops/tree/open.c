#include "ops/tree/open.h"

#include "base/error.h"
#include "model/project.h"
#include "store/repository/catalogue.h"

#include <string.h>

/**
 * bk_tree_parse_path:
 * @text: (nullable): an absolute path at the source; hostile until checked
 * @path: (out) (nullable): as a manifest has it, no slash at either end; %NULL for everything
 *
 * Errors: %BK_ERROR_USAGE for what is no path in a backup.
 */
gboolean
bk_tree_parse_path (const char *text, char **path, GError **error)
{
  *path = NULL;
  if (text == NULL)
    return TRUE;
  while (*text == '/')
    text++;
  *path = g_strdup (text);
  for (gsize length = strlen (*path); length > 0 && (*path)[length - 1] == '/'; length--)
    (*path)[length - 1] = '\0';
  if (**path == '\0') /* “/”: everything */
    {
      g_clear_pointer (path, g_free);
      return TRUE;
    }
  if (bk_tree_path_is_valid (*path))
    return TRUE;

  g_autofree char *line = bk_error_one_line (text);
  g_clear_pointer (path, g_free);
  bk_set_error (error, BK_ERROR_USAGE, "“%s” is no path in a backup", line);
  return FALSE;
}

static const BkBackup *
find_by_id (GPtrArray *backups, const char *backup_id, GError **error)
{
  for (guint i = 0; i < backups->len; i++)
    {
      const BkBackup *backup = g_ptr_array_index (backups, i);

      if (strcmp (backup->id, backup_id) == 0 && backup->status == BK_BACKUP_COMPLETED)
        return backup;
    }
  g_autofree char *line = bk_error_one_line (backup_id);
  bk_set_error (error, BK_ERROR_NOT_FOUND,
                "There is no completed backup “%s”; “cockpit-backup list” shows those there are",
                line);
  return NULL;
}

/**
 * bk_tree_open_point:
 *
 * Errors: %BK_ERROR_NOT_FOUND without such a point; %BK_ERROR_USAGE when the project is no tree.
 *
 * Returns: (transfer full) (nullable): the point that is meant.
 */
BkTreePoint *
bk_tree_open_point (BkRepository *repository,
                    const BkTreeWhich *which,
                    GCancellable *cancellable,
                    GError **error)
{
  BkProjectKind kind;

  if (!bk_project_id_parse (which->project_id, &kind, error))
    return NULL;
  if (kind != BK_PROJECT_TREE)
    {
      bk_set_error (error, BK_ERROR_USAGE, "“%s” is no tree", which->project_id);
      return NULL;
    }

  g_autoptr (GPtrArray) backups =
      bk_catalogue_list (repository, which->project_id, NULL, NULL, cancellable, error);
  if (backups == NULL)
    return NULL;
  const BkBackup *backup =
      which->backup_id != NULL
          ? find_by_id (backups, which->backup_id, error)
          : bk_tree_points_choose (backups, which->generation, which->not_after_usecs, error);
  return backup == NULL ? NULL : bk_tree_point_open (repository, backups, backup, error);
}
