#include "store/tree/point.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "base/path.h"
#include "model/tree-entry.h"
#include "store/repository/catalogue.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define MANIFEST_SUFFIX ".nbkm"

typedef struct
{
  int fd; /* -1: there is none */
  char *name;
} Archive;

struct _BkTreePoint
{
  BkBackup *backup;
  int manifest;
  char *manifest_name;
  guint8 sequence;
  Archive archives[BK_TREE_ORIGIN_MAX + 1];
};

static const char *
generation_of (const BkBackup *backup)
{
  const char *slash = strrchr (backup->directory, '/');

  return slash == NULL ? backup->directory : slash + 1;
}

/**
 * bk_tree_points_choose:
 * @backups: (element-type BkBackup): of one project, oldest first
 * @generation: (nullable): only in this one
 * @not_after_usecs: %G_MAXINT64 for the newest
 *
 * Errors: %BK_ERROR_NOT_FOUND.
 *
 * Returns: (transfer none) (nullable): the newest completed backup that is meant.
 */
const BkBackup *
bk_tree_points_choose (GPtrArray *backups,
                       const char *generation,
                       gint64 not_after_usecs,
                       GError **error)
{
  for (guint i = backups->len; i > 0; i--)
    {
      const BkBackup *backup = g_ptr_array_index (backups, i - 1);

      if (backup->status == BK_BACKUP_COMPLETED && backup->created_usecs <= not_after_usecs &&
          (generation == NULL || strcmp (generation, generation_of (backup)) == 0))
        return backup;
    }
  if (generation != NULL)
    bk_set_error (
        error, BK_ERROR_NOT_FOUND,
        "There is no completed backup that old in the generation “%s”; “cockpit-backup list” shows those there are",
        generation);
  else
    bk_set_error (
        error, BK_ERROR_NOT_FOUND,
        "There is no completed backup that old; “cockpit-backup list” shows those there are");
  return NULL;
}

static const char *
file_of (const BkBackup *backup, gboolean manifest)
{
  for (guint i = 0; i < backup->files->len; i++)
    {
      const BkBackupFile *file = g_ptr_array_index (backup->files, i);

      if (g_str_has_suffix (file->path, MANIFEST_SUFFIX) == manifest)
        return file->path;
    }
  return NULL;
}

/* Which place in its generation a backup has is what its own manifest says. */
static gboolean
read_sequence (int directory, const BkBackup *backup, int *fd, guint8 *sequence, GError **error)
{
  const char *name = file_of (backup, TRUE);
  autofd int manifest = -1;

  if (name == NULL)
    {
      bk_set_error (error, BK_ERROR_INTEGRITY, "The backup “%s” names no manifest", backup->id);
      return FALSE;
    }
  manifest = bk_open_file_at (directory, name, error);
  if (manifest < 0)
    return FALSE;

  g_autoptr (BkNbkmReader) reader = bk_nbkm_reader_new (manifest, name, error);
  if (reader == NULL)
    return FALSE;
  *sequence = bk_nbkm_reader_get_header (reader)->sequence;
  if (fd != NULL)
    *fd = bk_fd_steal (&manifest);
  return TRUE;
}

static void
open_archive (BkTreePoint *point, int directory, const BkBackup *backup)
{
  const char *name = file_of (backup, FALSE);
  guint8 sequence;

  if (name == NULL || !read_sequence (directory, backup, NULL, &sequence, NULL) ||
      point->archives[sequence].fd >= 0)
    return;
  point->archives[sequence].fd = bk_open_file_at (directory, name, NULL);
  point->archives[sequence].name = g_strdup (name);
}

/**
 * bk_tree_point_open:
 * @backups: (element-type BkBackup): of the project
 * @backup: the one of them that is meant
 *
 * An archive that is missing is an error only for who asks for it.
 *
 * Returns: (transfer full) (nullable): the point.
 */
BkTreePoint *
bk_tree_point_open (BkRepository *repository,
                    GPtrArray *backups,
                    const BkBackup *backup,
                    GError **error)
{
  autofd int directory = bk_catalogue_open_files (repository, backup, error);

  if (directory < 0)
    return NULL;

  g_autoptr (BkTreePoint) self = g_new0 (BkTreePoint, 1);
  self->manifest = -1;
  for (guint i = 0; i <= BK_TREE_ORIGIN_MAX; i++)
    self->archives[i].fd = -1;
  self->backup = bk_backup_copy (backup);
  if (!read_sequence (directory, backup, &self->manifest, &self->sequence, error))
    return NULL;
  self->manifest_name = g_strdup (file_of (backup, TRUE));

  for (guint i = 0; i < backups->len; i++)
    {
      const BkBackup *one = g_ptr_array_index (backups, i);

      if (one->status == BK_BACKUP_COMPLETED && one->created_usecs <= backup->created_usecs &&
          strcmp (one->directory, backup->directory) == 0)
        open_archive (self, directory, one);
    }
  return g_steal_pointer (&self);
}

void
bk_tree_point_free (BkTreePoint *point)
{
  bk_fd_clear (&point->manifest);
  for (guint i = 0; i <= BK_TREE_ORIGIN_MAX; i++)
    {
      bk_fd_clear (&point->archives[i].fd);
      g_free (point->archives[i].name);
    }
  g_free (point->manifest_name);
  g_clear_pointer (&point->backup, bk_backup_free);
  g_free (point);
}

/**
 * bk_tree_point_get_backup:
 *
 * Returns: (transfer none): its record.
 */
const BkBackup *
bk_tree_point_get_backup (BkTreePoint *point)
{
  return point->backup;
}

/**
 * bk_tree_point_get_generation:
 *
 * Returns: (transfer none): “gen-YYYY-MM-DD”, perhaps with a number.
 */
const char *
bk_tree_point_get_generation (BkTreePoint *point)
{
  return generation_of (point->backup);
}

/**
 * bk_tree_point_get_archive_name:
 *
 * Returns: (transfer none): its file's name, or what to call the missing one.
 */
const char *
bk_tree_point_get_archive_name (BkTreePoint *point, guint8 origin)
{
  return point->archives[origin].name == NULL ? "(missing)" : point->archives[origin].name;
}

/**
 * bk_tree_point_read_manifest:
 *
 * Returns: (transfer full) (nullable): a reader from the beginning; there may be several at once.
 */
BkNbkmReader *
bk_tree_point_read_manifest (BkTreePoint *point, GError **error)
{
  return bk_nbkm_reader_new (point->manifest, point->manifest_name, error);
}

/**
 * bk_tree_point_read_archive:
 *
 * Errors: %BK_ERROR_INTEGRITY when the archive is missing or broken.
 *
 * Returns: (transfer full) (nullable): a reader from the beginning.
 */
BkTreeArchiveReader *
bk_tree_point_read_archive (BkTreePoint *point, guint8 origin, GError **error)
{
  const Archive *archive = &point->archives[origin];

  if (archive->fd < 0)
    {
      bk_set_error (error, BK_ERROR_INTEGRITY,
                    "The archive number %u of the generation “%s” is missing", origin,
                    generation_of (point->backup));
      return NULL;
    }

  int fd = fcntl (archive->fd, F_DUPFD_CLOEXEC, 0);
  if (fd < 0)
    {
      bk_error_set_errno (error, errno, "The archive “%s” cannot be opened", archive->name);
      return NULL;
    }
  return bk_tree_archive_reader_new (fd, archive->name, error);
}

/**
 * bk_tree_selection_has:
 *
 * Returns: whether @path is selected, by itself or by what is above it.
 */
gboolean
bk_tree_selection_has (const BkTreeSelection *selection, const char *path)
{
  return selection->path == NULL || bk_tree_path_is_below (path, selection->path);
}

/**
 * bk_tree_selection_is_past:
 *
 * Returns: whether nothing after @path in a manifest is meant.
 */
gboolean
bk_tree_selection_is_past (const BkTreeSelection *selection, const char *path)
{
  return selection->path != NULL && !bk_tree_path_is_below (path, selection->path) &&
         bk_tree_path_compare (path, selection->path) > 0;
}
