/* Making one thing of an archive, with its content and attributes, in the staging directory. */
#include "store/tree/target-private.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "base/write.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Holes stay holes: what no block covers is not written. */
static gboolean
write_content (int fd,
               BkTreeArchiveReader *reader,
               guint64 size_bytes,
               const char *path,
               guint64 *written_bytes,
               GCancellable *cancellable,
               GError **error)
{
  guint64 offset_bytes, end_bytes = 0;
  gsize length_bytes;
  const void *data;

  while (TRUE)
    {
      if (!bk_tree_archive_reader_read_block (reader, &data, &length_bytes, &offset_bytes,
                                              cancellable, error))
        return FALSE;
      if (data == NULL)
        break;
      if (!bk_write_all_at (fd, data, length_bytes, offset_bytes))
        return bk_tree_target_fail_at (error, errno, path, _ ("cannot be written"));
      end_bytes = MAX (end_bytes, offset_bytes + length_bytes);
      *written_bytes += length_bytes;
    }
  if (end_bytes < size_bytes && ftruncate (fd, (off_t) size_bytes) < 0)
    return bk_tree_target_fail_at (error, errno, path, _ ("cannot be written"));
  return TRUE;
}

static gboolean
make_file (BkTreeTarget *target,
           BkTreeArchiveReader *reader,
           const BkTreeAttributes *attributes,
           guint64 size_bytes,
           guint64 *written_bytes,
           GCancellable *cancellable,
           GError **error)
{
  autofd int fd =
      openat (target->staging, "new", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

  if (fd < 0)
    return bk_tree_target_fail_at (error, errno, attributes->path, _ ("cannot be made"));
  if (!write_content (fd, reader, size_bytes, attributes->path, written_bytes, cancellable, error))
    return FALSE;
  bk_tree_attributes_apply (attributes, fd, -1, NULL, target->func, target->user_data);
  return TRUE;
}

static gboolean
make_other (BkTreeTarget *target,
            const BkTreeArchiveMember *member,
            const BkTreeAttributes *attributes,
            GError **error)
{
  int status;

  if (S_ISLNK (member->mode))
    status = symlinkat (member->symlink_target, target->staging, "new");
  else if (S_ISFIFO (member->mode) || S_ISCHR (member->mode) || S_ISBLK (member->mode))
    status = mknodat (target->staging, "new", (member->mode & S_IFMT) | 0600, member->rdev);
  else
    {
      g_autofree char *line = bk_error_one_line (attributes->path);

      bk_set_error (error, BK_ERROR_INTEGRITY, "“%s” is of no kind that can be restored", line);
      return FALSE;
    }
  if (status < 0)
    return bk_tree_target_fail_at (error, errno, attributes->path, _ ("cannot be made"));
  bk_tree_attributes_apply (attributes, -1, target->staging, "new", target->func,
                            target->user_data);
  return TRUE;
}

static gboolean
place_directory (BkTreeTarget *target, BkTreeAttributes *attributes, GError **error)
{
  g_autoptr (BkTreeAttributes) owned = attributes;
  autofd int fd = bk_tree_target_make_directory (
      target, target->parent, bk_tree_target_name_of (owned->path), owned->path, error);

  if (fd < 0)
    return FALSE;
  g_ptr_array_add (target->directories, g_steal_pointer (&owned));
  return TRUE;
}

/**
 * bk_tree_target_extract:
 * @reader: stands at @member, its content not yet read
 * @member: no hard link
 * @path: where it goes, most often its own path; as bk_tree_path_is_valid() takes it
 * @written_bytes: (inout): grows by what was written
 *
 * Errors: of reading and writing. Owners, times and attributes that the file system or a lack of
 *   rights does not let through are warnings.
 */
gboolean
bk_tree_target_extract (BkTreeTarget *target,
                        BkTreeArchiveReader *reader,
                        const BkTreeArchiveMember *member,
                        const char *path,
                        guint64 *written_bytes,
                        GCancellable *cancellable,
                        GError **error)
{
  g_autoptr (BkTreeAttributes) attributes = bk_tree_attributes_new (member, path);

  if (!bk_tree_target_enter_parent (target, path, error))
    return FALSE;
  if (S_ISDIR (member->mode))
    return place_directory (target, g_steal_pointer (&attributes), error);

  gboolean ok = S_ISREG (member->mode) ? make_file (target, reader, attributes, member->size_bytes,
                                                    written_bytes, cancellable, error)
                                       : make_other (target, member, attributes, error);
  ok = ok && bk_tree_target_publish (target, path, error);
  if (!ok)
    unlinkat (target->staging, "new", 0);
  return ok;
}

/**
 * bk_tree_target_link:
 * @existing: a path in the target that was restored
 *
 * Makes @path another name of @existing.
 */
gboolean
bk_tree_target_link (BkTreeTarget *target, const char *existing, const char *path, GError **error)
{
  if (!bk_tree_target_enter_parent (target, existing, error))
    return FALSE;
  if (linkat (target->parent, bk_tree_target_name_of (existing), target->staging, "new", 0) < 0)
    return bk_tree_target_fail_at (error, errno, path, _ ("cannot be made as a hard link"));

  gboolean ok = bk_tree_target_enter_parent (target, path, error) &&
                bk_tree_target_publish (target, path, error);
  /* Where the two were one file already, the rename leaves both names as they are. */
  unlinkat (target->staging, "new", 0);
  return ok;
}
