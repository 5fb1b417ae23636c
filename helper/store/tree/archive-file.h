#pragma once

#include "store/tree/archive.h"

/*
 * The file of a tree archive while it is written: frames one after another, their table at the end,
 * and a temporary name until it is whole and durable.
 */

typedef struct _BkTreeArchiveFile BkTreeArchiveFile;

BkTreeArchiveFile *bk_tree_archive_file_new (
    int dirfd, const char *name, BkTreeCompression compression, int level, GError **error);
void bk_tree_archive_file_free (BkTreeArchiveFile *file);
gboolean bk_tree_archive_file_write_frame (BkTreeArchiveFile *file,
                                           const GByteArray *frame,
                                           gsize plain_bytes,
                                           GError **error);
gboolean bk_tree_archive_file_finish (BkTreeArchiveFile *file, char **sha256, GError **error);
const char *bk_tree_archive_file_get_name (BkTreeArchiveFile *file);
guint64 bk_tree_archive_file_get_bytes (BkTreeArchiveFile *file);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkTreeArchiveFile, bk_tree_archive_file_free)
