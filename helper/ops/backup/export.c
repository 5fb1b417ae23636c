#include "ops/backup/export.h"

#include "base/atomic-file.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/timestamp.h"
#include "format/metadata.h"
#include "ops/vm/merging.h"
#include "store/archive/export-stream.h"
#include "store/repository/catalogue.h"

#include <string.h>

/* Where the metadata of a backup lie, relative to its directory. */
static char *
metadata_name (const BkBackup *backup)
{
  g_autofree char *own_directory = bk_backup_full_id (backup);

  if (strcmp (own_directory, backup->directory) == 0)
    return g_strdup (BK_METADATA_NAME);
  return g_strconcat (backup->id, "." BK_METADATA_NAME, NULL);
}

static gboolean
is_exportable (const BkBackup *backup, const char *full_id, GError **error)
{
  if (backup->status == BK_BACKUP_COMPLETED)
    return TRUE;
  if (backup->status == BK_BACKUP_FAILED)
    bk_set_error (error, BK_ERROR_USAGE,
                  "“%s” has failed: there is nothing in it to export. Choose a completed backup.",
                  full_id);
  else
    bk_set_error (error, BK_ERROR_BUSY,
                  "“%s” is not complete yet. Export it when its job has ended.", full_id);
  return FALSE;
}

static gboolean
add_metadata_file (BkRepository *repository,
                   const BkBackup *backup,
                   GPtrArray *files,
                   GError **error)
{
  g_autofree char *name = metadata_name (backup);
  autofd int directory = bk_catalogue_open_files (repository, backup, error);
  g_autoptr (GBytes) bytes =
      directory < 0 ? NULL : bk_read_small_file (directory, name, BK_METADATA_MAX_BYTES, error);

  if (bytes == NULL)
    return FALSE;
  gsize length_bytes;
  const void *data = g_bytes_get_data (bytes, &length_bytes);
  g_autofree char *sha256 = bk_sha256_hex_of (data, length_bytes);
  g_ptr_array_add (files, bk_export_file_new (backup->directory, name, length_bytes, sha256,
                                              backup->completed_usecs));
  return TRUE;
}

/* Its metadata first: who unpacks a part of the archive knows what that is. */
static gboolean
add_backup (BkRepository *repository,
            const char *full_id,
            BkExportManifest *manifest,
            GPtrArray *files,
            GError **error)
{
  g_autoptr (BkBackup) backup = bk_catalogue_find (repository, full_id, error);
  guint first_file = files->len;
  g_auto (BkMerging) merging = { 0 };

  if (backup == NULL || !is_exportable (backup, full_id, error) ||
      !bk_vm_merging_look (repository, backup, &merging, error) ||
      !bk_vm_merging_check_usable (&merging, backup, error) ||
      !add_metadata_file (repository, backup, files, error))
    return FALSE;
  for (guint i = 0; i < backup->files->len; i++)
    {
      const BkBackupFile *file = g_ptr_array_index (backup->files, i);

      g_ptr_array_add (files, bk_export_file_new (backup->directory, file->path, file->size_bytes,
                                                  file->sha256, backup->completed_usecs));
    }
  bk_export_manifest_add (manifest, backup, files, first_file);
  return TRUE;
}

/**
 * bk_backup_export_file_name:
 *
 * Returns: (transfer full): what an export made at that time is called.
 */
char *
bk_backup_export_file_name (gint64 now_usecs)
{
  g_autofree char *time = bk_time_to_dashed (now_usecs);

  return g_strdup_printf ("backups-export-%s.tar.gz", time);
}

/**
 * bk_backup_export_open:
 * @full_ids: which backups, project/backup each
 *
 * Errors: %BK_ERROR_NOT_FOUND for one that does not exist; %BK_ERROR_USAGE for one that is named
 *   twice or has failed; %BK_ERROR_BUSY for one that is not complete yet.
 *
 * Returns: (transfer full) (nullable): the bytes of the tar.gz, made while they are read; see
 *   bk_export_stream_new().
 */
GInputStream *
bk_backup_export_open (BkRepository *repository,
                       const char *const *full_ids,
                       gint64 now_usecs,
                       GCancellable *cancellable,
                       GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) files =
      g_ptr_array_new_with_free_func ((GDestroyNotify) bk_export_file_free);
  g_autoptr (BkExportManifest) manifest = bk_export_manifest_new (now_usecs);

  for (guint i = 0; full_ids[i] != NULL; i++)
    {
      if (!g_hash_table_add (seen, (gpointer) full_ids[i]))
        {
          g_autofree char *line = bk_error_one_line (full_ids[i]);

          bk_set_error (error, BK_ERROR_USAGE, "“%s” is named twice", line);
          return NULL;
        }
      if (g_cancellable_set_error_if_cancelled (cancellable, error) ||
          !add_backup (repository, full_ids[i], manifest, files, error))
        return NULL;
    }

  g_autoptr (GBytes) bytes = bk_export_manifest_to_bytes (manifest);
  return bk_export_stream_new (repository, files, bytes, now_usecs);
}
