#include "store/repository/point-writer.h"

#include "base/atomic-file.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "format/json.h"
#include "format/metadata.h"
#include "store/repository/repository.h"

#include <errno.h>
#include <string.h>

struct _BkPointWriter
{
  BkBackup *backup;
  char *path; /* absolute, for QEMU, which opens by name */
  int fd;
  int data;
};

/**
 * bk_point_writer_open:
 * @project: the project's directory
 * @project_path: its absolute path
 * @backup: (transfer full): what is being made; its metadata is written at once, as running
 *
 * Makes the directory, or takes up one that an interrupted run left.
 */
BkPointWriter *
bk_point_writer_open (int project, const char *project_path, BkBackup *backup, GError **error)
{
  BkPointWriter *self = g_new0 (BkPointWriter, 1);

  self->backup = backup;
  self->path = g_build_filename (project_path, backup->id, NULL);
  self->data = -1;
  self->fd = bk_make_directory_at (project, backup->id, BK_REPOSITORY_DIRECTORY_MODE, error);
  if (self->fd >= 0)
    self->data =
        bk_make_directory_at (self->fd, BK_POINT_DATA, BK_REPOSITORY_DIRECTORY_MODE, error);
  if (self->data >= 0)
    {
      backup->status = BK_BACKUP_RUNNING;
      if (bk_point_writer_write_metadata (self, error))
        return self;
    }
  bk_point_writer_free (self);
  return NULL;
}

void
bk_point_writer_free (BkPointWriter *writer)
{
  bk_fd_clear (&writer->data);
  bk_fd_clear (&writer->fd);
  bk_backup_free (writer->backup);
  g_free (writer->path);
  g_free (writer);
}

/**
 * bk_point_writer_backup:
 *
 * Returns: (transfer none): what is being made; the run fills in files and extra as it goes on.
 */
BkBackup *
bk_point_writer_backup (BkPointWriter *writer)
{
  return writer->backup;
}

/**
 * bk_point_writer_data_fd:
 *
 * Returns: the handle of its data/, which @writer keeps.
 */
int
bk_point_writer_data_fd (BkPointWriter *writer)
{
  return writer->data;
}

/**
 * bk_point_writer_file_path:
 *
 * Returns: (transfer full): the absolute path of a file in data/, for another program to write.
 */
char *
bk_point_writer_file_path (BkPointWriter *writer, const char *file_name)
{
  return g_build_filename (writer->path, BK_POINT_DATA, file_name, NULL);
}

static gboolean
write_metadata (int dirfd, const BkBackup *backup, GError **error)
{
  g_autoptr (JsonNode) node = bk_metadata_to_json (backup, TRUE);
  g_autofree char *text = bk_json_to_text (node, TRUE);

  return bk_atomic_write (dirfd, BK_METADATA_NAME, text, strlen (text), 0600, error);
}

/**
 * bk_point_writer_write_metadata:
 *
 * Writes metadata.json anew, durably, with what bk_point_writer_backup() says now.
 */
gboolean
bk_point_writer_write_metadata (BkPointWriter *writer, GError **error)
{
  return write_metadata (writer->fd, writer->backup, error);
}

static gboolean
add_bytes (BkPointWriter *writer,
           const char *file_name,
           const void *data,
           gsize length_bytes,
           GError **error)
{
  g_autofree char *sha256 = bk_sha256_hex_of (data, length_bytes);
  g_autofree char *path = g_strconcat (BK_POINT_DATA "/", file_name, NULL);

  if (!bk_atomic_write (writer->data, file_name, data, length_bytes, 0600, error))
    return FALSE;
  bk_backup_add_file (writer->backup, path, length_bytes, sha256);
  return TRUE;
}

/**
 * bk_point_writer_add_text:
 * @file_name: in data/
 *
 * Writes a small file, durably, and names it in the backup.
 */
gboolean
bk_point_writer_add_text (BkPointWriter *writer,
                          const char *file_name,
                          const char *text,
                          GError **error)
{
  return add_bytes (writer, file_name, text, strlen (text), error);
}

/**
 * bk_point_writer_add_copy:
 * @file_name: in data/
 * @source_path: absolute: a small file beside the VM, such as its UEFI variables
 *
 * As bk_point_writer_add_text(), from a file.
 */
gboolean
bk_point_writer_add_copy (BkPointWriter *writer,
                          const char *file_name,
                          const char *source_path,
                          GError **error)
{
  g_autofree char *directory = g_path_get_dirname (source_path);
  g_autofree char *name = g_path_get_basename (source_path);
  autofd int dirfd = bk_open_directory (directory, error);
  g_autoptr (GBytes) bytes =
      dirfd < 0 ? NULL : bk_read_small_file (dirfd, name, BK_POINT_COPY_MAX_BYTES, error);
  gsize length_bytes;

  if (bytes == NULL)
    return FALSE;

  gconstpointer data = g_bytes_get_data (bytes, &length_bytes);
  return add_bytes (writer, file_name, data, length_bytes, error);
}

/**
 * bk_point_writer_complete:
 *
 * The commit: every file it names is on the disk before the metadata says so.
 */
gboolean
bk_point_writer_complete (BkPointWriter *writer, gint64 now_usecs, GError **error)
{
  if (!bk_sync_directory (writer->data, writer->path, error))
    return FALSE;
  writer->backup->status = BK_BACKUP_COMPLETED;
  /* The clock can step back, and what was begun is not completed before. */
  writer->backup->completed_usecs = MAX (now_usecs, writer->backup->created_usecs);
  g_free (writer->backup->checksum);
  writer->backup->checksum = bk_backup_files_checksum (writer->backup);
  return bk_point_writer_write_metadata (writer, error);
}

static gboolean
remove_all_but_metadata (int dirfd, GError **error)
{
  g_autoptr (GPtrArray) names = bk_list_directory (dirfd, error);

  for (guint i = 0; names != NULL && i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);

      if (strcmp (name, BK_METADATA_NAME) != 0 && !bk_remove_tree_at (dirfd, name, error))
        return FALSE;
    }
  return names != NULL;
}

/**
 * bk_point_discard:
 * @project: the project's directory
 * @backup: one that is not complete
 * @error_message: (nullable): why; %NULL leaves nothing of it at all
 *
 * Removes the files of a backup that did not come about. Its metadata stays, as the record that it
 * failed, and why. Files go first: on a full file system there is no room for the record before. Until
 * then the record says "running", which nobody takes for complete; only one that says "completed"
 * already is called failed before the first file goes.
 */
gboolean
bk_point_discard (int project,
                  const BkBackup *backup,
                  const char *error_message,
                  gint64 now_usecs,
                  GError **error)
{
  if (error_message == NULL)
    return bk_remove_tree_at (project, backup->id, error);

  autofd int fd = bk_open_directory_at (project, backup->id, error);
  if (fd < 0)
    return FALSE;

  g_autoptr (BkBackup) failed = bk_backup_copy (backup);
  failed->status = BK_BACKUP_FAILED;
  failed->completed_usecs = now_usecs;
  failed->error_message = g_strdup (error_message);
  failed->size_bytes = 0;
  failed->files_count = 0;
  g_ptr_array_set_size (failed->files, 0);
  if (backup->status == BK_BACKUP_COMPLETED && !write_metadata (fd, failed, error))
    return FALSE;
  return remove_all_but_metadata (fd, error) && write_metadata (fd, failed, error);
}
