#include "ops/vm/restore-files.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/quantity.h"
#include "base/write.h"
#include "ops/fraction.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

static void
file_free (gpointer data)
{
  BkRestoreFile *file = data;

  g_free (file->path);
  g_free (file->temporary);
  g_free (file->target);
  g_free (file->format);
  g_clear_pointer (&file->content, g_bytes_unref);
  g_free (file);
}

GPtrArray *
bk_restore_files_new (void)
{
  return g_ptr_array_new_with_free_func (file_free);
}

/**
 * bk_restore_files_add:
 * @target: of an image
 * @path: absolute
 */
void
bk_restore_files_add (GPtrArray *files, const char *target, const char *path, const char *format)
{
  BkRestoreFile *file = g_new0 (BkRestoreFile, 1);

  file->target = g_strdup (target);
  file->path = g_strdup (path);
  file->format = g_strdup (format);
  g_ptr_array_add (files, file);
}

/**
 * bk_restore_files_add_small:
 * @path: absolute
 * @content: (transfer full)
 */
void
bk_restore_files_add_small (GPtrArray *files, const char *path, GBytes *content)
{
  BkRestoreFile *file = g_new0 (BkRestoreFile, 1);

  file->path = g_strdup (path);
  file->content = content;
  g_ptr_array_add (files, file);
}

/**
 * bk_restore_files_set_tag:
 * @tag: of the restore that is going to write them
 */
void
bk_restore_files_set_tag (GPtrArray *files, const char *tag)
{
  for (guint i = 0; i < files->len; i++)
    {
      BkRestoreFile *file = g_ptr_array_index (files, i);

      g_free (file->temporary);
      file->temporary = bk_restore_temporary_path (file->path, tag);
    }
}

static const BkPointDisk *
disk_of (const BkVmChain *chain, const BkRestoreFile *file)
{
  for (guint i = 0; i < chain->point->disks->len; i++)
    {
      const BkPointDisk *disk = g_ptr_array_index (chain->point->disks, i);

      if (strcmp (disk->target, file->target) == 0)
        return disk;
    }
  return NULL;
}

/**
 * bk_restore_files_capacity_bytes:
 *
 * Returns: how large the guest sees the disk that @file is for.
 */
guint64
bk_restore_files_capacity_bytes (const BkRestoreFile *file, const BkVmChain *chain)
{
  const BkPointDisk *disk = disk_of (chain, file);

  return disk == NULL ? 0 : disk->capacity_bytes;
}

/**
 * bk_restore_files_needed_bytes:
 *
 * Returns: what the images take at most. They are thin: no more than what the chain's files hold,
 *   nor than the disks' size.
 */
guint64
bk_restore_files_needed_bytes (const BkVmChain *chain)
{
  return MIN (chain->total_file_bytes, bk_vm_chain_bytes (chain));
}

/**
 * bk_restore_files_check:
 *
 * Everything that can be known before a byte is written: each place is free (or may be
 * overwritten), its directory is there, and the file system has room.
 */
gboolean
bk_restore_files_check (const GPtrArray *files,
                        const BkVmChain *chain,
                        gboolean overwrite,
                        GError **error)
{
  for (guint i = 0; i < files->len; i++)
    {
      const BkRestoreFile *file = g_ptr_array_index (files, i);
      g_autofree char *directory = g_path_get_dirname (file->path);
      guint64 needed = bk_restore_files_needed_bytes (chain);
      struct statvfs fs;
      struct stat st;

      if (!overwrite && lstat (file->path, &st) == 0)
        {
          bk_set_error (error, BK_ERROR_USAGE,
                        "“%s” is there already: choose another directory, or say --overwrite",
                        file->path);
          return FALSE;
        }
      if (statvfs (directory, &fs) < 0)
        return bk_error_set_errno (error, errno, "The directory “%s” cannot be used", directory);

      guint64 free_bytes = (guint64) fs.f_bavail * fs.f_frsize;
      if (needed > free_bytes)
        {
          g_autofree char *needs = bk_size_text (needed);
          g_autofree char *has = bk_size_text (free_bytes);

          bk_set_error (error, BK_ERROR_NO_SPACE,
                        "The restore was not started: it needs %s in “%s”, which has %s", needs,
                        directory, has);
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
make_durable (const BkRestoreFile *file, guint64 *size_bytes, GError **error)
{
  autofd int fd = open (file->temporary, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  struct stat st;

  if (fd < 0 || fchmod (fd, 0600) < 0 || fsync (fd) < 0 || fstat (fd, &st) < 0)
    return bk_error_set_errno (error, errno, "“%s” cannot be made durable", file->temporary);
  *size_bytes += (guint64) st.st_blocks * 512;
  return TRUE;
}

static gboolean
write_small (const BkRestoreFile *file, GError **error)
{
  gsize length_bytes;
  gconstpointer data = g_bytes_get_data (file->content, &length_bytes);
  autofd int fd =
      open (file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

  if (fd < 0 || !bk_write_all (fd, data, length_bytes) || fsync (fd) < 0)
    return bk_error_set_errno (error, errno, "“%s” cannot be written", file->path);
  return TRUE;
}

/**
 * bk_restore_files_write:
 * @size_bytes: (out): what the images take
 *
 * Writes every file under its temporary name, durably. Nothing has its place yet.
 */
gboolean
bk_restore_files_write (const GPtrArray *files,
                        const BkVmChain *chain,
                        BkReporter *reporter,
                        GCancellable *cancellable,
                        guint64 *size_bytes,
                        GError **error)
{
  BkFraction progress = { reporter, chain->backup->project_id, "restore", 0,
                          0,        bk_vm_chain_bytes (chain) };

  *size_bytes = 0;
  for (guint i = 0; i < files->len; i++)
    {
      const BkRestoreFile *file = g_ptr_array_index (files, i);
      const BkPointDisk *disk = file->target == NULL ? NULL : disk_of (chain, file);

      if (disk == NULL)
        {
          if (!write_small (file, error))
            return FALSE;
          continue;
        }

      const BkQemuImgTarget target = { .file = file->temporary, .format = file->format };
      if (!bk_vm_chain_convert (chain, disk, &target, &progress, cancellable, error) ||
          !make_durable (file, size_bytes, error))
        return FALSE;
    }
  for (guint i = 0; i < files->len; i++)
    {
      if (!bk_sync_directory_of (((const BkRestoreFile *) g_ptr_array_index (files, i))->path,
                                 error))
        return FALSE;
    }
  return TRUE;
}

/* By its handle: whoever may write into the directory could put a link under the name meanwhile, and would
 * own what it leads to. */
static gboolean
set_owner (const char *path, const struct stat *owner)
{
  autofd int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  struct stat st;

  if (fd < 0 || fstat (fd, &st) < 0)
    return FALSE;
  if (!S_ISREG (st.st_mode) || st.st_nlink != 1)
    {
      errno = EEXIST;
      return FALSE;
    }
  return fchown (fd, owner->st_uid, owner->st_gid) == 0 &&
         fchmod (fd, owner->st_mode & 07777) == 0 && fsync (fd) == 0;
}

/**
 * bk_restore_files_keep_owners:
 *
 * Gives each file that was written the owner and the mode of the one it is going to replace.
 */
gboolean
bk_restore_files_keep_owners (const GPtrArray *files, GError **error)
{
  for (guint i = 0; i < files->len; i++)
    {
      const BkRestoreFile *file = g_ptr_array_index (files, i);
      struct stat st;

      if (stat (file->path, &st) == 0 && !set_owner (file->temporary, &st))
        return bk_error_set_errno (error, errno, "The owner of “%s” cannot be kept", file->path);
    }
  return TRUE;
}
