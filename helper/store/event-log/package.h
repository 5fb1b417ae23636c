#pragma once

#include "format/event-package.h"
#include "store/event-log/view.h"

/*
 * A package on disk: a tar, compressed with gzip, of the files of an event log and then
 * manifest.json. What is read from one is hostile: only regular files of known names, each once, and
 * no more bytes than can be meant, come out of it.
 */

typedef struct _BkEventPackageWriter BkEventPackageWriter;

BkEventPackageWriter *bk_event_package_writer_new (int fd, const char *where, gint64 now_usecs);
void bk_event_package_writer_free (BkEventPackageWriter *writer);
gboolean bk_event_package_writer_begin (BkEventPackageWriter *writer,
                                        const char *path,
                                        guint64 size_bytes,
                                        GError **error);
gboolean bk_event_package_writer_write (BkEventPackageWriter *writer,
                                        const void *data,
                                        gsize length_bytes,
                                        GError **error);
gboolean bk_event_package_writer_end (BkEventPackageWriter *writer,
                                      char sha256_hex[BK_SHA256_HEX_LENGTH + 1],
                                      GError **error);
gboolean bk_event_package_writer_close (BkEventPackageWriter *writer,
                                        guint64 *size_bytes,
                                        char sha256_hex[BK_SHA256_HEX_LENGTH + 1],
                                        GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkEventPackageWriter, bk_event_package_writer_free)

BkEventManifest *
bk_event_package_check (int fd, GBytes *manifest_beside, GCancellable *cancellable, GError **error);
gboolean bk_event_package_extract (
    int fd, const BkEventManifest *manifest, int dirfd, GCancellable *cancellable, GError **error);
