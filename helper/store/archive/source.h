#pragma once

#include "format/seek-table.h"

#include <gio/gio.h>

/*
 * An archive's file → the bytes of its tar, piece by piece. Of a .tar.zst, from any frame on; of a
 * .tar.gz, from its beginning. Hostile files are held to what they claim: a frame gives exactly the
 * bytes its table names, nothing is handed out before its checksum, and memory does not grow with
 * the file.
 */

typedef struct _BkArchiveSource BkArchiveSource;

BkArchiveSource *bk_archive_source_new (int fd, const char *name, GError **error);
void bk_archive_source_free (BkArchiveSource *source);
const BkSeekTable *bk_archive_source_get_table (BkArchiveSource *source);
void bk_archive_source_rewind (BkArchiveSource *source, guint frame, gboolean is_glimpse);
gssize bk_archive_source_read (BkArchiveSource *source, const void **data, GError **error);
guint64 bk_archive_source_get_bytes_read (BkArchiveSource *source);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkArchiveSource, bk_archive_source_free)
