#pragma once

#include "store/tree/archive.h"

/*
 * Where a tree is restored to. Everything is reached from the target's handle, by openat2() and
 * never through a symbolic link; everything is made in a directory of our own at the target's top
 * and renamed to its place, so that at every instant each name is the old thing or the new one,
 * whole. A marker beside it, written first and removed last, names the restore: one that was
 * interrupted can go on.
 */

#define BK_TREE_TARGET_STAGING ".cockpit-backup-restore"
#define BK_TREE_TARGET_MARKER ".cockpit-backup-restore-id"

typedef enum
{
  BK_TREE_TARGET_NONE = 0,
  BK_TREE_TARGET_OVERWRITE = 1 << 0, /* may replace what is there */
  BK_TREE_TARGET_DELETE = 1 << 1,    /* and directories with all below by what is none */
} BkTreeTargetFlags;

/* Told what could not be restored in full, such as an owner: the thing itself is there. */
typedef void (*BkTreeTargetWarningFunc) (const char *path, const char *message, gpointer user_data);

typedef struct _BkTreeTarget BkTreeTarget;

BkTreeTarget *bk_tree_target_new (const char *path,
                                  const char *restore_id,
                                  BkTreeTargetFlags flags,
                                  BkTreeTargetWarningFunc func,
                                  gpointer user_data,
                                  GError **error);
int bk_tree_target_get_fd (BkTreeTarget *target);
gboolean bk_tree_target_extract (BkTreeTarget *target,
                                 BkTreeArchiveReader *reader,
                                 const BkTreeArchiveMember *member,
                                 const char *path,
                                 guint64 *written_bytes,
                                 GCancellable *cancellable,
                                 GError **error);
gboolean
bk_tree_target_link (BkTreeTarget *target, const char *existing, const char *path, GError **error);
gboolean bk_tree_target_finish (BkTreeTarget *target, GCancellable *cancellable, GError **error);
void bk_tree_target_free (BkTreeTarget *target);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkTreeTarget, bk_tree_target_free)

int bk_tree_target_open_beneath (int dirfd, const char *path, int flags);
gboolean
bk_tree_target_remove (int dirfd, const char *name, guint64 *removed_count, GError **error);
