/* Writing, digesting and naming the archive's file, in one thread. What is in its frames is not known
 * here, but for the end of the tar. */
#include "store/tree/archive-file.h"

#include "base/atomic-file.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/write.h"
#include "format/seek-table.h"
#include "store/archive/frame-codec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define TAR_END_BYTES 1024

/* Written data are handed to the disk while we go on, so that the last fsync has little to do. */
#define FLUSH_BYTES (8 * 1024 * 1024)

struct _BkTreeArchiveFile
{
  int dirfd;
  int fd;
  char *name;
  char *temporary; /* %NULL once it has its name */
  BkTreeCompression compression;
  int level;
  BkSha256 *sha256;
  BkSeekTableBuilder *table;
  guint64 written_bytes;
  guint64 flushed_bytes;
};

/**
 * bk_tree_archive_file_new:
 * @dirfd: borrowed; it must stay open while the file lives
 * @name: the name there, once it is finished
 * @level: 0 for the codec's default
 *
 * Returns: (transfer full) (nullable): an empty file of a temporary name.
 */
BkTreeArchiveFile *
bk_tree_archive_file_new (
    int dirfd, const char *name, BkTreeCompression compression, int level, GError **error)
{
  g_autofree char *temporary =
      g_strdup_printf (BK_TEMPORARY_PREFIX "%s-%08x", name, g_random_int ());
  int fd = openat (dirfd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

  if (fd < 0)
    {
      bk_error_set_errno (error, errno, "The archive “%s” cannot be made", name);
      return NULL;
    }

  BkTreeArchiveFile *self = g_new0 (BkTreeArchiveFile, 1);
  self->dirfd = dirfd;
  self->fd = fd;
  self->name = g_strdup (name);
  self->temporary = g_steal_pointer (&temporary);
  self->compression = compression;
  self->level = level;
  self->sha256 = bk_sha256_new ();
  self->table = bk_seek_table_builder_new ();
  return self;
}

/**
 * bk_tree_archive_file_free:
 *
 * A file that was not finished is removed.
 */
void
bk_tree_archive_file_free (BkTreeArchiveFile *file)
{
  if (file->temporary != NULL)
    unlinkat (file->dirfd, file->temporary, 0);
  bk_fd_clear (&file->fd);
  bk_seek_table_builder_free (file->table);
  bk_sha256_free (file->sha256);
  g_free (file->temporary);
  g_free (file->name);
  g_free (file);
}

/**
 * bk_tree_archive_file_get_name:
 *
 * Returns: (transfer none): what it is called once it is complete.
 */
const char *
bk_tree_archive_file_get_name (BkTreeArchiveFile *file)
{
  return file->name;
}

/**
 * bk_tree_archive_file_get_bytes:
 *
 * Returns: how much of it was written.
 */
guint64
bk_tree_archive_file_get_bytes (BkTreeArchiveFile *file)
{
  return file->written_bytes;
}

static gboolean
write_bytes (BkTreeArchiveFile *file, const guint8 *data, gsize length_bytes, GError **error)
{
  bk_sha256_update (file->sha256, data, length_bytes);
  file->written_bytes += length_bytes;
  if (!bk_write_all (file->fd, data, length_bytes))
    return bk_error_set_errno (error, errno, "Writing the archive “%s” failed", file->name);
  if (file->written_bytes - file->flushed_bytes >= FLUSH_BYTES)
    {
      sync_file_range (file->fd, (off_t) file->flushed_bytes,
                       (off_t) (file->written_bytes - file->flushed_bytes), SYNC_FILE_RANGE_WRITE);
      file->flushed_bytes = file->written_bytes;
    }
  return TRUE;
}

/**
 * bk_tree_archive_file_write_frame:
 * @plain_bytes: what the frame holds
 *
 * Errors: of writing (%BK_ERROR_NO_SPACE among them).
 */
gboolean
bk_tree_archive_file_write_frame (BkTreeArchiveFile *file,
                                  const GByteArray *frame,
                                  gsize plain_bytes,
                                  GError **error)
{
  if (file->compression == BK_TREE_COMPRESSION_ZSTD &&
      !bk_seek_table_builder_add (file->table, frame->len, plain_bytes, error))
    return FALSE;
  return write_bytes (file, frame->data, frame->len, error);
}

static gboolean
write_end (BkTreeArchiveFile *file, GError **error)
{
  static const guint8 zeros[TAR_END_BYTES];
  g_autoptr (BkFrameCodec) codec = bk_frame_codec_new (file->compression, file->level);
  g_autoptr (GByteArray) frame = g_byte_array_new ();

  bk_frame_codec_compress (codec, zeros, sizeof zeros, frame);
  if (!bk_tree_archive_file_write_frame (file, frame, sizeof zeros, error))
    return FALSE;
  if (file->compression != BK_TREE_COMPRESSION_ZSTD)
    return TRUE;

  g_autoptr (GByteArray) table = bk_seek_table_builder_end (file->table);
  return write_bytes (file, table->data, table->len, error);
}

/**
 * bk_tree_archive_file_finish:
 * @sha256: (out) (optional) (transfer full): of the file, as 64 hex digits
 *
 * Writes the end of the tar and the table, and gives the file its name, durably.
 *
 * Errors: of writing, and of a name that is taken.
 */
gboolean
bk_tree_archive_file_finish (BkTreeArchiveFile *file, char **sha256, GError **error)
{
  if (!write_end (file, error))
    return FALSE;
  if (fsync (file->fd) < 0 ||
      renameat2 (file->dirfd, file->temporary, file->dirfd, file->name, RENAME_NOREPLACE) < 0)
    return bk_error_set_errno (error, errno, "The archive “%s” cannot be finished", file->name);
  g_clear_pointer (&file->temporary, g_free);
  if (!bk_sync_directory (file->dirfd, file->name, error))
    return FALSE;
  if (sha256 != NULL)
    *sha256 = bk_sha256_finish_hex (file->sha256);
  return TRUE;
}
