#pragma once

#include "format/nbkm.h"
#include "model/backup.h"
#include "store/repository/repository.h"
#include "store/tree/archive.h"

/*
 * One point of a tree, open: its manifest, and every archive of its generation that the manifest
 * may name. All handles are taken at once, so that a rotation meanwhile takes nothing away.
 */

typedef struct _BkTreePoint BkTreePoint;

const BkBackup *bk_tree_points_choose (GPtrArray *backups,
                                       const char *generation,
                                       gint64 not_after_usecs,
                                       GError **error);

BkTreePoint *bk_tree_point_open (BkRepository *repository,
                                 GPtrArray *backups,
                                 const BkBackup *backup,
                                 GError **error);
void bk_tree_point_free (BkTreePoint *point);
const BkBackup *bk_tree_point_get_backup (BkTreePoint *point);
const char *bk_tree_point_get_generation (BkTreePoint *point);
const char *bk_tree_point_get_archive_name (BkTreePoint *point, guint8 origin);
BkNbkmReader *bk_tree_point_read_manifest (BkTreePoint *point, GError **error);
BkTreeArchiveReader *bk_tree_point_read_archive (BkTreePoint *point, guint8 origin, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkTreePoint, bk_tree_point_free)

/* Which entries of a manifest are meant: all, or one path and what is below it. */
typedef struct
{
  const char *path; /* (nullable) without a leading slash */
} BkTreeSelection;

gboolean bk_tree_selection_has (const BkTreeSelection *selection, const char *path);
gboolean bk_tree_selection_is_past (const BkTreeSelection *selection, const char *path);
