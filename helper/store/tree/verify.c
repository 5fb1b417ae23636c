#include "store/tree/verify.h"

#include "base/error.h"
#include "base/gettext.h"
#include "model/tree-entry.h"
#include "store/repository/catalogue.h"

#include <string.h>
#include <sys/stat.h>

static gboolean
broken (GError **error, BkTreePoint *point, const char *path, const char *what)
{
  g_autofree char *line = bk_error_one_line (path);

  bk_set_error (error, BK_ERROR_INTEGRITY, "The backup “%s” is not whole: “/%s” %s",
                bk_tree_point_get_backup (point)->id, line, what);
  return FALSE;
}

static gboolean
check_member (BkTreePoint *point,
              const BkTreeEntry *entry,
              const BkTreeArchiveMember *member,
              GError **error)
{
  if (member == NULL || strcmp (member->path, entry->path) != 0)
    return broken (error, point, entry->path, _ ("is in the manifest, and not in its archive"));
  if ((bk_tree_mode_to_stat (entry->mode) & S_IFMT) != (member->mode & S_IFMT))
    return broken (error, point, entry->path, _ ("is of another kind in its archive"));
  if (member->mtime_nsecs != entry->mtime_nsec)
    return broken (error, point, entry->path, _ ("is of another time in its archive"));
  if (S_ISREG (member->mode) && member->hardlink_target == NULL &&
      member->size_bytes != (guint64) entry->size_bytes)
    return broken (error, point, entry->path, _ ("is of another size in its archive"));
  return TRUE;
}

/* Both are in one order: the archive is read once, from its beginning to its end. */
static gboolean
check_archive (BkTreePoint *point, guint8 origin, GCancellable *cancellable, GError **error)
{
  g_autoptr (BkTreeArchiveReader) reader = bk_tree_point_read_archive (point, origin, error);
  g_autoptr (BkNbkmReader) manifest =
      reader == NULL ? NULL : bk_tree_point_read_manifest (point, error);
  const BkTreeArchiveMember *member = NULL;
  const BkTreeEntry *entry;

  if (manifest == NULL || !bk_tree_archive_reader_next (reader, &member, cancellable, error))
    return FALSE;
  while (TRUE)
    {
      if (!bk_nbkm_reader_next (manifest, &entry, error))
        return FALSE;
      if (entry == NULL)
        break;
      if (entry->origin != origin)
        continue;
      while (member != NULL && bk_tree_path_compare (member->path, entry->path) < 0)
        {
          if (!bk_tree_archive_reader_next (reader, &member, cancellable, error))
            return FALSE;
        }
      if (!check_member (point, entry, member, error))
        return FALSE;
    }
  while (member != NULL)
    {
      if (!bk_tree_archive_reader_next (reader, &member, cancellable, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
check_archives (BkTreePoint *point, gboolean only_own, GCancellable *cancellable, GError **error)
{
  g_autoptr (BkNbkmReader) manifest = bk_tree_point_read_manifest (point, error);
  gboolean is_named[BK_TREE_ORIGIN_MAX + 1] = { FALSE };
  const BkTreeEntry *entry;

  if (manifest == NULL)
    return FALSE;

  guint8 own = bk_nbkm_reader_get_header (manifest)->sequence;
  do
    {
      if (!bk_nbkm_reader_next (manifest, &entry, error) ||
          g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (entry != NULL)
        is_named[entry->origin] = TRUE;
    }
  while (entry != NULL);

  for (guint origin = only_own ? own : 0; origin <= own; origin++)
    {
      if (is_named[origin] && !check_archive (point, (guint8) origin, cancellable, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
is_same_entry (const BkTreeEntry *one, const BkTreeEntry *other)
{
  return one != NULL && other != NULL && strcmp (one->path, other->path) == 0 &&
         one->origin == other->origin && one->mode == other->mode &&
         one->mtime_nsec == other->mtime_nsec && one->size_bytes == other->size_bytes;
}

/* What an incremental has from earlier archives stands in its parent's manifest word for word. */
static gboolean
check_inherited (BkTreePoint *point, BkTreePoint *parent, GCancellable *cancellable, GError **error)
{
  g_autoptr (BkNbkmReader) manifest = bk_tree_point_read_manifest (point, error);
  g_autoptr (BkNbkmReader) before =
      manifest == NULL ? NULL : bk_tree_point_read_manifest (parent, error);
  const BkTreeEntry *entry, *old = NULL;

  if (before == NULL || !bk_nbkm_reader_next (before, &old, error))
    return FALSE;

  guint8 own = bk_nbkm_reader_get_header (manifest)->sequence;
  while (TRUE)
    {
      if (!bk_nbkm_reader_next (manifest, &entry, error) ||
          g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (entry == NULL)
        return TRUE;
      if (entry->origin == own)
        continue;
      while (old != NULL && bk_tree_path_compare (old->path, entry->path) < 0)
        {
          if (!bk_nbkm_reader_next (before, &old, error))
            return FALSE;
        }
      if (!is_same_entry (entry, old))
        return broken (error, point, entry->path,
                       _ ("is not as in the backup before, where it is from"));
    }
}

static const BkBackup *
find_parent (GPtrArray *backups, const BkBackup *backup)
{
  for (guint i = 0; i < backups->len; i++)
    {
      const BkBackup *one = g_ptr_array_index (backups, i);

      if (g_strcmp0 (one->id, backup->parent_backup_id) == 0)
        return one;
    }
  return NULL;
}

/**
 * bk_tree_verify:
 * @backup: of a tree; as the catalogue gave it
 * @parent_is_whole: whether what it continues has been verified: then only its own archive is read,
 *   and the rest of its manifest compared with its parent's
 *
 * Reads the manifest, checks that every entry is in the archive it names, and unpacks those
 * archives to their ends. That the files are the ones that were recorded, byte for byte, is not
 * looked at here.
 *
 * Errors: %BK_ERROR_INTEGRITY with the first thing that is wrong.
 */
gboolean
bk_tree_verify (BkRepository *repository,
                const BkBackup *backup,
                gboolean parent_is_whole,
                GCancellable *cancellable,
                GError **error)
{
  g_autoptr (GPtrArray) backups =
      bk_catalogue_list (repository, backup->project_id, NULL, NULL, cancellable, error);
  g_autoptr (BkTreePoint) point =
      backups == NULL ? NULL : bk_tree_point_open (repository, backups, backup, error);

  if (point == NULL)
    return FALSE;

  const BkBackup *parent = parent_is_whole ? find_parent (backups, backup) : NULL;
  if (parent == NULL)
    return check_archives (point, FALSE, cancellable, error);

  g_autoptr (BkTreePoint) before = bk_tree_point_open (repository, backups, parent, error);
  return before != NULL && check_archives (point, TRUE, cancellable, error) &&
         check_inherited (point, before, cancellable, error);
}
