#pragma once

#include "model/backup.h"

#include <gio/gio.h>

/*
 * One backup of a VM on its way to disk: its directory, its files, and at the end, as the commit,
 * its metadata.json. Until then it says "running".
 */

#define BK_POINT_DATA "data"

/* Of a file that is kept beside the images, and read whole: UEFI variables take 64 KiB to a few MiB. */
#define BK_POINT_COPY_MAX_BYTES (64 * 1024 * 1024)

typedef struct _BkPointWriter BkPointWriter;

BkPointWriter *
bk_point_writer_open (int project, const char *project_path, BkBackup *backup, GError **error);
void bk_point_writer_free (BkPointWriter *writer);
BkBackup *bk_point_writer_backup (BkPointWriter *writer);
int bk_point_writer_data_fd (BkPointWriter *writer);
char *bk_point_writer_file_path (BkPointWriter *writer, const char *file_name);

gboolean bk_point_writer_write_metadata (BkPointWriter *writer, GError **error);
gboolean bk_point_writer_add_text (BkPointWriter *writer,
                                   const char *file_name,
                                   const char *text,
                                   GError **error);
gboolean bk_point_writer_add_copy (BkPointWriter *writer,
                                   const char *file_name,
                                   const char *source_path,
                                   GError **error);
gboolean bk_point_writer_complete (BkPointWriter *writer, gint64 now_usecs, GError **error);

gboolean bk_point_discard (int project,
                           const BkBackup *backup,
                           const char *error_message,
                           gint64 now_usecs,
                           GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkPointWriter, bk_point_writer_free)
