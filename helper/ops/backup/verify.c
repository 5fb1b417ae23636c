#include "ops/backup/verify.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "base/path.h"
#include "base/quantity.h"
#include "format/vm-point-json.h"
#include "model/settings.h"
#include "ops/vm/backing.h"
#include "ops/vm/merging.h"
#include "store/repository/catalogue.h"
#include "store/tree/verify.h"
#include "vm/qemu-img.h"

#include <string.h>

typedef struct
{
  BkRepository *repository;
  const BkBackup *backup;
  BkReporter *reporter;
  GCancellable *cancellable;
  const BkMerging *merging; /* what a consolidation means for the point that is verified */
  GHashTable *verified;
  guint64 done_bytes;
  guint depth; /* of parents; a ring of hostile records ends */
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

/* The newest point reads through such a file as it did, whatever is in it by now. */
static gboolean
is_being_written (Verify *verify, const BkBackupFile *file)
{
  return bk_vm_merging_writes (verify->merging, verify->backup, file->path);
}

static void
say_being_written (Verify *verify, const BkBackupFile *file)
{
  bk_reporter_message (verify->reporter, BK_LOG_WARNING, verify->backup->project_id,
                       verify->backup->id, "verify",
                       "“%s” of “%s” is being consolidated into “%s”: its SHA-256 is not compared; "
                       "the newest point reads through it as before",
                       file->path, verify->backup->id, verify->merging->cycle->merged_id);
}

static gboolean
verify_file (Verify *verify, int dirfd, const BkBackupFile *file, GError **error)
{
  g_autoptr (GError) local = NULL;
  guint64 size_bytes = 0;
  autofd int fd = bk_open_file_at (dirfd, file->path, &local);

  if (fd < 0 && g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND))
    return broken (error, verify->backup, _ ("its file “%s” is missing"), file->path);
  if (fd >= 0 && is_being_written (verify, file))
    {
      say_being_written (verify, file);
      return TRUE;
    }

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

/* @file: data/<name>, which continues @parent, <backup>/data/<name> */
static const char *
parent_of (const BkVmPoint *point, const char *file)
{
  for (guint i = 0; i < point->disks->len; i++)
    {
      const BkPointDisk *disk = g_ptr_array_index (point->disks, i);

      if (strcmp (disk->file, file) == 0)
        return disk->parent;
    }
  return NULL;
}

static gboolean
check_names (Verify *verify, int dirfd, const BkBackupFile *file, GError **error)
{
  const BkBackup *backup = verify->backup;
  g_autoptr (BkVmPoint) point = bk_vm_point_from_json (backup->extra, backup->id, error);
  g_autoptr (GError) local = NULL;

  if (point == NULL)
    return FALSE;
  if (bk_vm_check_backing (dirfd, file->path, parent_of (point, file->path), &local))
    return TRUE;
  if (g_error_matches (local, BK_ERROR, BK_ERROR_INTEGRITY))
    return broken (error, backup, "%s", local->message);
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/* The images' own tables: a copy can be byte for byte what was written, and still not be an image
 * that QEMU can read. */
static gboolean
check_images (Verify *verify, int dirfd, GError **error)
{
  const BkBackup *backup = verify->backup;

  for (guint i = 0; i < backup->files->len; i++)
    {
      const BkBackupFile *file = g_ptr_array_index (backup->files, i);
      g_autoptr (GError) local = NULL;

      if (!g_str_has_suffix (file->path, ".qcow2"))
        continue;
      /* First: whatever looks at an image opens what it names. */
      if (!check_names (verify, dirfd, file, error))
        return FALSE;
      if (is_being_written (verify, file))
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
    return broken (error, backup, _ ("it is not complete: its status is “%s”"),
                   bk_backup_status_to_string (backup->status));
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
  return check_images (verify, dirfd, error) && check_tree (verify, parent_is_whole, error);
}

/* An image of a VM that continues another knows it by name: the record must not say otherwise. */
static gboolean
check_parents_named (Verify *verify, GError **error)
{
  const BkBackup *backup = verify->backup;

  if (!g_str_has_prefix (backup->project_id, "vm/"))
    return TRUE;

  g_autoptr (BkVmPoint) point = bk_vm_point_from_json (backup->extra, backup->id, error);
  for (guint i = 0; point != NULL && i < point->disks->len; i++)
    {
      const BkPointDisk *disk = g_ptr_array_index (point->disks, i);

      if (bk_backup_find_file (backup, disk->file) == NULL)
        return broken (error, backup, _ ("its record names no image of the disk “%s”"),
                       disk->target);
      if (disk->parent != NULL && backup->parent_backup_id == NULL)
        return broken (error, backup,
                       _ ("its disk “%s” continues “%s”, but its record says that it continues "
                          "nothing"),
                       disk->target, disk->parent);
    }
  return point != NULL;
}

static gboolean verify_one (Verify *verify, gboolean with_parents, GError **error);

static gboolean
verify_parent (Verify *verify, GError **error)
{
  const BkBackup *backup = verify->backup;
  g_autoptr (GError) local = NULL;

  if (backup->parent_backup_id == NULL)
    return TRUE;

  g_autofree char *full_id = g_strconcat (backup->project_id, "/", backup->parent_backup_id, NULL);
  if (g_hash_table_contains (verify->verified, full_id))
    return TRUE;
  if (strcmp (backup->parent_backup_id, backup->id) == 0)
    return broken (error, backup, _ ("its record says that it continues itself"));

  g_autoptr (BkBackup) parent = bk_catalogue_find (verify->repository, full_id, &local);
  if (parent == NULL)
    return broken (error, backup, _ ("it continues “%s”, which cannot be used: %s"),
                   backup->parent_backup_id, local->message);

  Verify above = *verify;
  above.backup = parent;
  above.done_bytes = 0;
  above.depth++;
  if (above.depth > BK_MAX_INCREMENTALS_MAX)
    return broken (error, backup, _ ("its record says that it continues itself"));
  return verify_one (&above, TRUE, error);
}

static gboolean
verify_one (Verify *verify, gboolean with_parents, GError **error)
{
  const BkBackup *backup = verify->backup;

  if ((with_parents && !verify_parent (verify, error)) ||
      !verify_own (verify, with_parents, error) || !check_parents_named (verify, error))
    return FALSE;
  bk_reporter_message (verify->reporter, BK_LOG_INFO, backup->project_id, backup->id, "verify",
                       "“%s” is whole", backup->id);
  g_hash_table_add (verify->verified, bk_backup_full_id (backup));
  return TRUE;
}

/* A consolidation can begin, and end, while files are being read that it writes into, or removes. */
static gboolean
was_overtaken (Verify *verify, const GError *why)
{
  g_autofree char *full_id = bk_backup_full_id (verify->backup);
  g_autoptr (BkBackup) still = NULL;
  g_auto (BkMerging) now = { 0 };

  if (verify->merging->role != BK_MERGING_NOT || why->domain != BK_ERROR ||
      !g_str_has_prefix (verify->backup->project_id, "vm/"))
    return FALSE;
  still = bk_catalogue_find (verify->repository, full_id, NULL);
  return still == NULL || (bk_vm_merging_look (verify->repository, verify->backup, &now, NULL) &&
                           now.role != BK_MERGING_NOT);
}

static gboolean
verify_as_it_is (Verify *verify, gboolean with_parents, gboolean *overtaken, GError **error)
{
  g_autofree char *full_id = bk_backup_full_id (verify->backup);
  g_autoptr (GError) local = NULL;
  g_auto (BkMerging) merging = { 0 };

  *overtaken = FALSE;
  if (!bk_vm_merging_look (verify->repository, verify->backup, &merging, error) ||
      !bk_vm_merging_check_usable (&merging, verify->backup, error))
    return FALSE;
  if (g_hash_table_contains (verify->verified, full_id))
    return TRUE;
  verify->merging = &merging;
  if (verify_one (verify, with_parents, &local))
    return TRUE;
  *overtaken = was_overtaken (verify, local);
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/**
 * bk_backup_verify:
 * @backup: one that the catalogue gave
 * @with_parents: whether what it continues is verified too, down to its base
 * @verified: (element-type utf8 utf8): the full ids that were found whole; they are not read again
 *
 * Reads every byte: metadata, existence, size and SHA-256 of each file, and the tables of each
 * image. While the family is consolidated in place, the base that is written into is not compared.
 *
 * Errors: %BK_ERROR_INTEGRITY names the backup, the file and what is wrong with it; %BK_ERROR_BUSY for
 *   one that cannot be read any more because it is being consolidated; %BK_ERROR_NOT_FOUND for one that
 *   was removed meanwhile.
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
  Verify verify = { repository, backup, reporter, cancellable, NULL, verified, 0, 0 };
  g_autoptr (GError) local = NULL;
  gboolean overtaken;

  if (verify_as_it_is (&verify, with_parents, &overtaken, &local))
    return TRUE;
  if (!overtaken)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }

  g_autofree char *full_id = bk_backup_full_id (backup);
  g_autoptr (BkBackup) still = bk_catalogue_find (repository, full_id, error);
  return still != NULL && verify_as_it_is (&verify, with_parents, &overtaken, error);
}
