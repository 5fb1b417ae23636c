#pragma once

#include "model/backup.h"

/*
 * What an export holds, and the member manifest.json that says so, the first one of the archive:
 *
 *   {"version":1,"created_at":…,
 *    "backups":[{"id":"vm/web1/<backup>","type":…,"created_at":…,"parent_backup_id":…,
 *                "files":[{"path":<member>,"size":…,"sha256":…}, …]}, …],
 *    "files_count":…,"size_bytes":…}
 *
 * A file's member is its path in the repository, so that an export unpacked there is a repository.
 */

#define BK_EXPORT_MANIFEST_NAME "manifest.json"
#define BK_EXPORT_MANIFEST_VERSION 1

typedef struct
{
  char *member;    /* name in the archive: directory and path joined */
  char *directory; /* in the repository */
  char *path;      /* relative to directory */
  guint64 size_bytes;
  char *sha256;
  gint64 modified_usecs;
} BkExportFile;

BkExportFile *bk_export_file_new (const char *directory,
                                  const char *path,
                                  guint64 size_bytes,
                                  const char *sha256,
                                  gint64 modified_usecs);
void bk_export_file_free (BkExportFile *file);

typedef struct _BkExportManifest BkExportManifest;

BkExportManifest *bk_export_manifest_new (gint64 now_usecs);
void bk_export_manifest_add (BkExportManifest *manifest,
                             const BkBackup *backup,
                             GPtrArray *files,
                             guint first_file);
GBytes *bk_export_manifest_to_bytes (BkExportManifest *manifest);
void bk_export_manifest_free (BkExportManifest *manifest);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkExportManifest, bk_export_manifest_free)
