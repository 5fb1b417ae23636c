#include "model/backup.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/words.h"

#include <string.h>

static const char *const type_names[] = {
  [BK_BACKUP_FULL] = "full",
  [BK_BACKUP_INCREMENTAL] = "incremental",
  [BK_BACKUP_SNAPSHOT] = "snapshot",
  [BK_BACKUP_CHECKPOINT] = "checkpoint",
};

static const char *const status_names[] = {
  [BK_BACKUP_PENDING] = "pending",       [BK_BACKUP_RUNNING] = "running",
  [BK_BACKUP_COMPLETED] = "completed",   [BK_BACKUP_FAILED] = "failed",
  [BK_BACKUP_VALIDATING] = "validating", [BK_BACKUP_RESTORING] = "restoring",
};

const char *
bk_backup_type_to_string (BkBackupType type)
{
  return type_names[type];
}

gboolean
bk_backup_type_from_string (const char *text, BkBackupType *type)
{
  guint index;

  if (!bk_word_index (type_names, G_N_ELEMENTS (type_names), text, &index))
    return FALSE;
  *type = (BkBackupType) index;
  return TRUE;
}

const char *
bk_backup_status_to_string (BkBackupStatus status)
{
  return status_names[status];
}

gboolean
bk_backup_status_from_string (const char *text, BkBackupStatus *status)
{
  guint index;

  if (!bk_word_index (status_names, G_N_ELEMENTS (status_names), text, &index))
    return FALSE;
  *status = (BkBackupStatus) index;
  return TRUE;
}

static void
file_free (gpointer data)
{
  BkBackupFile *file = data;

  g_free (file->path);
  g_free (file->sha256);
  g_free (file);
}

/**
 * bk_backup_new:
 *
 * Returns: (transfer full): a pending backup without files; the caller fills in the rest before
 *   it hands the value on.
 */
BkBackup *
bk_backup_new (const char *id, const char *project_id, BkBackupType type)
{
  BkBackup *self = g_new0 (BkBackup, 1);

  self->id = g_strdup (id);
  self->project_id = g_strdup (project_id);
  self->type = type;
  self->files = g_ptr_array_new_with_free_func (file_free);
  return self;
}

/**
 * bk_backup_copy:
 *
 * Returns: (transfer full): all of it.
 */
BkBackup *
bk_backup_copy (const BkBackup *backup)
{
  BkBackup *copy = bk_backup_new (backup->id, backup->project_id, backup->type);

  copy->directory = g_strdup (backup->directory);
  copy->status = backup->status;
  copy->created_usecs = backup->created_usecs;
  copy->completed_usecs = backup->completed_usecs;
  copy->size_bytes = backup->size_bytes;
  copy->checksum = g_strdup (backup->checksum);
  copy->parent_backup_id = g_strdup (backup->parent_backup_id);
  copy->error_message = g_strdup (backup->error_message);
  copy->tags = g_strdupv (backup->tags);
  copy->files_count = backup->files_count;
  for (guint i = 0; i < backup->files->len; i++)
    {
      const BkBackupFile *file = g_ptr_array_index (backup->files, i);

      g_ptr_array_add (copy->files, g_memdup2 (file, sizeof *file));
      BkBackupFile *own = g_ptr_array_index (copy->files, i);
      own->path = g_strdup (file->path);
      own->sha256 = g_strdup (file->sha256);
    }
  if (backup->extra != NULL)
    copy->extra = json_object_ref (backup->extra);
  return copy;
}

void
bk_backup_free (BkBackup *backup)
{
  g_free (backup->id);
  g_free (backup->project_id);
  g_free (backup->directory);
  g_free (backup->checksum);
  g_free (backup->parent_backup_id);
  g_free (backup->error_message);
  g_strfreev (backup->tags);
  g_ptr_array_unref (backup->files);
  g_clear_pointer (&backup->extra, json_object_unref);
  g_free (backup);
}

static int
compare_paths (gconstpointer a, gconstpointer b)
{
  const BkBackupFile *const *left = a;
  const BkBackupFile *const *right = b;

  return strcmp ((*left)->path, (*right)->path);
}

/**
 * bk_backup_add_file:
 *
 * Keeps files sorted by path and size_bytes and files_count up to date.
 */
void
bk_backup_add_file (BkBackup *backup, const char *path, guint64 size_bytes, const char *sha256)
{
  BkBackupFile *file = g_new0 (BkBackupFile, 1);

  file->path = g_strdup (path);
  file->size_bytes = size_bytes;
  file->sha256 = g_strdup (sha256);
  g_ptr_array_add (backup->files, file);
  g_ptr_array_sort (backup->files, compare_paths);
  backup->size_bytes += size_bytes;
  backup->files_count = backup->files->len;
}

/**
 * bk_backup_find_file:
 *
 * Returns: (transfer none) (nullable): the file of that path.
 */
const BkBackupFile *
bk_backup_find_file (const BkBackup *backup, const char *path)
{
  for (guint i = 0; i < backup->files->len; i++)
    {
      const BkBackupFile *file = g_ptr_array_index (backup->files, i);

      if (strcmp (file->path, path) == 0)
        return file;
    }
  return NULL;
}

/**
 * bk_backup_files_checksum:
 *
 * Returns: (transfer full): the SHA-256 over "<sha256>  <path>\n" of each file in the order of
 *   paths, which is what `sha256sum` of them prints: anyone can check it by hand.
 */
char *
bk_backup_files_checksum (const BkBackup *backup)
{
  g_autoptr (BkSha256) sha256 = bk_sha256_new ();

  for (guint i = 0; i < backup->files->len; i++)
    {
      const BkBackupFile *file = g_ptr_array_index (backup->files, i);

      bk_sha256_update (sha256, file->sha256, strlen (file->sha256));
      bk_sha256_update (sha256, "  ", 2);
      bk_sha256_update (sha256, file->path, strlen (file->path));
      bk_sha256_update (sha256, "\n", 1);
    }
  return bk_sha256_finish_hex (sha256);
}

/**
 * bk_backup_full_id:
 *
 * Returns: (transfer full): project/backup, the id that operations take.
 */
char *
bk_backup_full_id (const BkBackup *backup)
{
  return g_strdup_printf ("%s/%s", backup->project_id, backup->id);
}

/**
 * bk_backup_label_check:
 * @label: what a person pins a backup under; it is shown, never used as a name. Hostile until checked
 *
 * Errors: %BK_ERROR_USAGE for one that is empty, longer than %BK_LABEL_MAX_BYTES, or has control characters.
 */
gboolean
bk_backup_label_check (const char *label, GError **error)
{
  g_autofree char *line = bk_error_one_line (label);

  if (*label != '\0' && strlen (label) <= BK_LABEL_MAX_BYTES && strcmp (line, label) == 0)
    return TRUE;
  bk_set_error (error, BK_ERROR_USAGE, "A label is one line of 1 to %d bytes; “%s” is not",
                BK_LABEL_MAX_BYTES, line);
  return FALSE;
}
