#include "ops/backup-verify.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "base/path.h"
#include "base/quantity.h"
#include "store/catalogue.h"
#include "store/tree-verify.h"
#include "vm/qemu-img.h"

#include <string.h>

typedef struct
{
  BkRepository *repository;
  const BkBackup *backup;
  BkReporter *reporter;
  GCancellable *cancellable;
  guint64 done_bytes;
} Verify;

static gboolean broken (GError **error, const BkBackup *backup, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

static gboolean
broken (GError **error, const BkBackup *backup, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_autofree char *why = g_strdup_vprintf (format, args);
  va_end (args);
  bk_set_error (error, BK_ERROR_INTEGRITY, "The backup “%s/%s” is not whole: %s",
                backup->project_id, backup->id, why);
  return FALSE;
}

static void
on_bytes (guint64 delta_bytes, gpointer user_data)
{
  Verify *verify = user_data;

  verify->done_bytes += delta_bytes;
  bk_reporter_progress (verify->reporter,
                        &(BkProgress){ .project_id = verify->backup->project_id,
                                       .step = "verify",
                                       .done_bytes = verify->done_bytes,
                                       .total_bytes = verify->backup->size_bytes });
}

static gboolean
verify_file (Verify *verify, int dirfd, const BkBackupFile *file, GError **error)
{
  g_autoptr (GError) local = NULL;
  guint64 size_bytes = 0;
  autofd int fd = bk_open_file_at (dirfd, file->path, &local);

  if (fd < 0 && g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND))
    return broken (error, verify->backup, _ ("its file “%s” is missing"), file->path);

  g_autofree char *sha256 = fd < 0 ? NULL
                                   : bk_sha256_of_fd (fd, file->path, &size_bytes, on_bytes, verify,
                                                      verify->cancellable, &local);
  if (sha256 == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (size_bytes != file->size_bytes)
    return broken (error, verify->backup, _ ("its file “%s” has %s bytes instead of %s"),
                   file->path, BK_NUMBER (size_bytes), BK_NUMBER (file->size_bytes));
  if (strcmp (sha256, file->sha256) != 0)
    return broken (error, verify->backup, _ ("its file “%s” has changed (its SHA-256 differs)"),
                   file->path);
  return TRUE;
}

/* The images' own tables: a copy can be byte for byte what was written, and still not be an image
 * that QEMU can read. */
static gboolean
check_images (Verify *verify, GError **error)
{
  const BkBackup *backup = verify->backup;

  for (guint i = 0; i < backup->files->len; i++)
    {
      const BkBackupFile *file = g_ptr_array_index (backup->files, i);
      g_autoptr (GError) local = NULL;

      if (!g_str_has_suffix (file->path, ".qcow2"))
        continue;
      g_autofree char *path = g_build_filename (bk_repository_path (verify->repository),
                                                backup->directory, file->path, NULL);
      if (bk_qemu_img_check (path, verify->cancellable, &local))
        continue;
      if (g_error_matches (local, BK_ERROR, BK_ERROR_INTEGRITY))
        return broken (error, backup, "%s", local->message);
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  return TRUE;
}

/* The other way round for trees: that all the manifest names is in the archives. */
static gboolean
check_tree (Verify *verify, gboolean parent_is_whole, GError **error)
{
  return !g_str_has_prefix (verify->backup->project_id, "tree/") ||
         bk_tree_verify (verify->repository, verify->backup, parent_is_whole, verify->cancellable,
                         error);
}

static gboolean
verify_own (Verify *verify, gboolean parent_is_whole, GError **error)
{
  const BkBackup *backup = verify->backup;
  g_autofree char *checksum = bk_backup_files_checksum (backup);

  if (backup->status != BK_BACKUP_COMPLETED)
    return broken (error, backup, _ ("it is %s"), bk_backup_status_to_string (backup->status));
  if (g_strcmp0 (checksum, backup->checksum) != 0)
    return broken (error, backup, _ ("its metadata.json was changed (its checksum differs)"));

  autofd int dirfd = bk_catalogue_open_files (verify->repository, backup, error);
  if (dirfd < 0)
    return FALSE;
  for (guint i = 0; i < backup->files->len; i++)
    {
      if (!verify_file (verify, dirfd, g_ptr_array_index (backup->files, i), error))
        return FALSE;
    }
  return check_images (verify, error) && check_tree (verify, parent_is_whole, error);
}

static gboolean
verify_parent (Verify *verify, GHashTable *verified, GError **error)
{
  const BkBackup *backup = verify->backup;
  g_autoptr (GError) local = NULL;

  if (backup->parent_backup_id == NULL)
    return TRUE;

  g_autofree char *full_id = g_strconcat (backup->project_id, "/", backup->parent_backup_id, NULL);
  if (g_hash_table_contains (verified, full_id))
    return TRUE;
  if (strcmp (backup->parent_backup_id, backup->id) == 0)
    return broken (error, backup, _ ("its record says that it continues itself"));

  g_autoptr (BkBackup) parent = bk_catalogue_find (verify->repository, full_id, &local);
  if (parent == NULL)
    return broken (error, backup, _ ("it continues “%s”, which cannot be used: %s"),
                   backup->parent_backup_id, local->message);
  return bk_backup_verify (verify->repository, parent, TRUE, verified, verify->reporter,
                           verify->cancellable, error);
}

/**
 * bk_backup_verify:
 * @backup: one that the catalogue gave
 * @with_parents: whether what it continues is verified too, down to its base
 * @verified: (element-type utf8 utf8): the full ids that were found whole; they are not read again
 *
 * Reads every byte: metadata, existence, size and SHA-256 of each file, and the tables of each
 * image.
 *
 * Errors: %BK_ERROR_INTEGRITY names the backup, the file and what is wrong with it.
 */
gboolean
bk_backup_verify (BkRepository *repository,
                  const BkBackup *backup,
                  gboolean with_parents,
                  GHashTable *verified,
                  BkReporter *reporter,
                  GCancellable *cancellable,
                  GError **error)
{
  Verify verify = { repository, backup, reporter, cancellable, 0 };
  g_autofree char *full_id = bk_backup_full_id (backup);

  if (g_hash_table_contains (verified, full_id))
    return TRUE;
  if ((with_parents && !verify_parent (&verify, verified, error)) ||
      !verify_own (&verify, with_parents, error))
    return FALSE;
  bk_reporter_message (reporter, BK_LOG_INFO, backup->project_id, backup->id, "verify",
                       "“%s” is whole", backup->id);
  g_hash_table_add (verified, g_steal_pointer (&full_id));
  return TRUE;
}
