#include "model/project.h"

#include "base/error.h"
#include "base/path.h"

#include <string.h>

static const struct
{
  const char *folder;
  guint depth; /* names below the folder */
} kinds[BK_PROJECT_KINDS] = {
  [BK_PROJECT_VM] = { "vm", 1 },
  [BK_PROJECT_TREE] = { "tree", 2 },
  [BK_PROJECT_EVENT_LOG] = { "event-log", 1 },
};

/**
 * bk_project_kind_folder:
 *
 * Returns: what the ids of such projects begin with.
 */
const char *
bk_project_kind_folder (BkProjectKind kind)
{
  return kinds[kind].folder;
}

/**
 * bk_project_kind_depth:
 *
 * Returns: how many names such an id has below its folder.
 */
guint
bk_project_kind_depth (BkProjectKind kind)
{
  return kinds[kind].depth;
}

static gboolean
parse_names (const char *path, guint extra_names, BkProjectKind *kind)
{
  if (!bk_path_is_safe_relative (path))
    return FALSE;

  g_auto (GStrv) names = g_strsplit (path, "/", -1);
  for (guint i = 0; i < BK_PROJECT_KINDS; i++)
    {
      if (strcmp (names[0], kinds[i].folder) == 0 &&
          g_strv_length (names) == 1 + kinds[i].depth + extra_names)
        {
          *kind = (BkProjectKind) i;
          return TRUE;
        }
    }
  return FALSE;
}

/**
 * bk_project_id_parse:
 * @project_id: (nullable): hostile until checked
 * @kind: (out): its kind
 *
 * Errors: %BK_ERROR_USAGE when it cannot be the id of a project.
 */
gboolean
bk_project_id_parse (const char *project_id, BkProjectKind *kind, GError **error)
{
  if (parse_names (project_id, 0, kind))
    return TRUE;

  g_autofree char *line = bk_error_one_line (project_id == NULL ? "" : project_id);
  bk_set_error (error, BK_ERROR_USAGE,
                "“%s” is not a project: one looks like vm/web1 or tree/host1/databases", line);
  return FALSE;
}

/**
 * bk_backup_full_id_split:
 * @full_id: (nullable): "vm/web1/web1-Base-20261120_020000", hostile until checked
 * @project_id: (out) (transfer full): "vm/web1"
 * @backup_id: (out) (transfer full): "web1-Base-20261120_020000"
 * @kind: (out) (optional): the project's kind
 *
 * Errors: %BK_ERROR_USAGE when it cannot be the id of a backup.
 */
gboolean
bk_backup_full_id_split (
    const char *full_id, char **project_id, char **backup_id, BkProjectKind *kind, GError **error)
{
  BkProjectKind parsed;

  if (!parse_names (full_id, 1, &parsed))
    {
      g_autofree char *line = bk_error_one_line (full_id == NULL ? "" : full_id);

      bk_set_error (error, BK_ERROR_USAGE,
                    "“%s” is not a backup: one looks like vm/web1/web1-Base-20261120_020000; "
                    "“cockpit-backup list” shows them",
                    line);
      return FALSE;
    }

  const char *slash = strrchr (full_id, '/');
  *project_id = g_strndup (full_id, (gsize) (slash - full_id));
  *backup_id = g_strdup (slash + 1);
  if (kind != NULL)
    *kind = parsed;
  return TRUE;
}
