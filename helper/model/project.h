#pragma once

#include <glib.h>

/*
 * A project's id is its path in the repository. Its kind, the first name, tells how deep it lies
 * and how its backups are stored.
 */

typedef enum
{
  BK_PROJECT_VM,        /* vm/<vm> */
  BK_PROJECT_TREE,      /* tree/<agent>/<name> */
  BK_PROJECT_EVENT_LOG, /* event-log/<name> */
} BkProjectKind;

#define BK_PROJECT_KINDS 3

const char *bk_project_kind_folder (BkProjectKind kind);
guint bk_project_kind_depth (BkProjectKind kind);

gboolean bk_project_id_parse (const char *project_id, BkProjectKind *kind, GError **error);
gboolean bk_backup_full_id_split (
    const char *full_id, char **project_id, char **backup_id, BkProjectKind *kind, GError **error);
