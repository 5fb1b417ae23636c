#include "store/repository/catalogue.h"

#include "base/atomic-file.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "base/path.h"
#include "format/metadata.h"

#include <string.h>

#define METADATA_SUFFIX ".metadata.json"
#define GENERATION_PREFIX "gen-"

typedef struct
{
  const char *project_id;
  GPtrArray *backups;
  gboolean locked;
  BkCatalogueProblemFunc problem_func;
  gpointer user_data;
} Scan;

/* A run that died says "running" for ever. Whoever lives holds the project's lock. */
static void
settle_interrupted (BkBackup *backup, gboolean project_is_locked)
{
  if (project_is_locked ||
      (backup->status != BK_BACKUP_RUNNING && backup->status != BK_BACKUP_PENDING))
    return;
  backup->status = BK_BACKUP_FAILED;
  g_free (backup->error_message);
  backup->error_message = g_strdup (_ ("The run that made it was interrupted"));
}

static BkBackup *
read_metadata (int dirfd,
               const char *file_name,
               const char *project_id,
               const char *id,
               const char *directory,
               GError **error)
{
  g_autoptr (GBytes) bytes = bk_read_small_file (dirfd, file_name, BK_METADATA_MAX_BYTES, error);
  if (bytes == NULL)
    return NULL;

  g_autofree char *what = g_strdup_printf (_ ("The metadata of “%s/%s”"), project_id, id);
  g_autoptr (BkBackup) backup = bk_metadata_from_bytes (bytes, what, error);
  if (backup == NULL)
    return NULL;
  if (strcmp (backup->id, id) != 0 || strcmp (backup->project_id, project_id) != 0)
    {
      bk_set_error (error, BK_ERROR_INTEGRITY,
                    "%s names another backup: somebody copied or renamed it", what);
      return NULL;
    }
  backup->directory = g_strdup (directory);
  return g_steal_pointer (&backup);
}

/* A list that is short without a word would let go what something else needs. */
static void
say (Scan *scan, const char *where, const GError *problem)
{
  if (problem != NULL && scan->problem_func != NULL)
    scan->problem_func (where, problem, scan->user_data);
}

/* Returns: (transfer full): the names; none, and it is said, when they cannot be listed. */
static GPtrArray *
list_names (Scan *scan, int dirfd, const char *directory)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *names = bk_list_directory (dirfd, &error);

  say (scan, directory, error);
  return names == NULL ? g_ptr_array_new () : names;
}

/* Returns: a handle, or -1. */
static int
open_below (Scan *scan, int dirfd, const char *name, const char *directory)
{
  g_autoptr (GError) error = NULL;
  int fd = bk_open_listed_directory (dirfd, name, &error);

  say (scan, directory, error);
  return fd;
}

static void
take (Scan *scan, int dirfd, const char *file_name, const char *id, const char *directory)
{
  g_autoptr (GError) error = NULL;
  BkBackup *backup = read_metadata (dirfd, file_name, scan->project_id, id, directory, &error);

  if (backup != NULL)
    {
      settle_interrupted (backup, scan->locked);
      g_ptr_array_add (scan->backups, backup);
    }
  /* Removed since it was listed, or not published yet: nothing is wrong. */
  else if (!g_error_matches (error, BK_ERROR, BK_ERROR_NOT_FOUND))
    {
      g_autofree char *where = g_strconcat (directory, "/", file_name, NULL);

      say (scan, where, error);
    }
}

/* One directory a backup: <id>/metadata.json */
static void
scan_directories (Scan *scan, int project)
{
  g_autoptr (GPtrArray) names = list_names (scan, project, scan->project_id);

  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      g_autofree char *directory = g_strconcat (scan->project_id, "/", name, NULL);
      autofd int fd = bk_name_is_safe (name) ? open_below (scan, project, name, directory) : -1;

      if (fd >= 0)
        take (scan, fd, BK_METADATA_NAME, name, directory);
    }
}

/* Several backups in one directory: <id>.metadata.json */
static void
scan_sidecars (Scan *scan, int dirfd, const char *directory)
{
  g_autoptr (GPtrArray) names = list_names (scan, dirfd, directory);

  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);

      if (!bk_name_is_safe (name) || !g_str_has_suffix (name, METADATA_SUFFIX))
        continue;
      g_autofree char *id = g_strndup (name, strlen (name) - strlen (METADATA_SUFFIX));
      take (scan, dirfd, name, id, directory);
    }
}

static void
scan_generations (Scan *scan, int project)
{
  g_autoptr (GPtrArray) names = list_names (scan, project, scan->project_id);

  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      g_autofree char *directory = g_strconcat (scan->project_id, "/", name, NULL);
      autofd int fd = g_str_has_prefix (name, GENERATION_PREFIX) && bk_name_is_safe (name)
                          ? open_below (scan, project, name, directory)
                          : -1;

      if (fd >= 0)
        scan_sidecars (scan, fd, directory);
    }
}

static gboolean
scan_project (Scan *scan, BkRepository *repository, GError **error)
{
  BkProjectKind kind;

  if (!bk_project_id_parse (scan->project_id, &kind, error))
    return FALSE;

  autofd int project = bk_repository_open_project (repository, scan->project_id, error);
  if (project < 0)
    return FALSE;

  scan->locked = bk_lock_is_held (project, BK_PROJECT_LOCK_NAME);
  switch (kind)
    {
    case BK_PROJECT_VM:
      scan_directories (scan, project);
      break;
    case BK_PROJECT_TREE:
      scan_generations (scan, project);
      break;
    case BK_PROJECT_EVENT_LOG:
      scan_sidecars (scan, project, scan->project_id);
      break;
    }
  return TRUE;
}

static int
compare_backups (gconstpointer a, gconstpointer b)
{
  const BkBackup *left = *(const BkBackup *const *) a;
  const BkBackup *right = *(const BkBackup *const *) b;
  int order = strcmp (left->project_id, right->project_id);

  if (order == 0)
    order =
        (left->created_usecs > right->created_usecs) - (left->created_usecs < right->created_usecs);
  return order != 0 ? order : strcmp (left->id, right->id);
}

/**
 * bk_catalogue_list:
 * @project_id: (nullable): one project, or all of them
 * @problem_func: (nullable): told of each metadata file, and each directory, that cannot be used, and of
 *   whose backups the list says nothing; it goes on
 *
 * Errors: %BK_ERROR_NOT_FOUND when @project_id has no backups.
 *
 * Returns: (transfer full) (element-type BkBackup) (nullable): by project, oldest first.
 */
GPtrArray *
bk_catalogue_list (BkRepository *repository,
                   const char *project_id,
                   BkCatalogueProblemFunc problem_func,
                   gpointer user_data,
                   GCancellable *cancellable,
                   GError **error)
{
  g_autoptr (GPtrArray) backups = g_ptr_array_new_with_free_func ((GDestroyNotify) bk_backup_free);
  Scan scan = { project_id, backups, FALSE, problem_func, user_data };

  if (project_id != NULL && !scan_project (&scan, repository, error))
    return NULL;
  if (project_id == NULL)
    {
      g_autoptr (GPtrArray) ids = bk_repository_list_projects (repository, error);

      if (ids == NULL)
        return NULL;
      for (guint i = 0; i < ids->len; i++)
        {
          if (g_cancellable_set_error_if_cancelled (cancellable, error))
            return NULL;
          scan.project_id = g_ptr_array_index (ids, i);

          g_autoptr (GError) local = NULL;
          if (!scan_project (&scan, repository, &local) &&
              !g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND))
            say (&scan, scan.project_id, local); /* one removed meanwhile is no error */
        }
    }
  g_ptr_array_sort (backups, compare_backups);
  return g_steal_pointer (&backups);
}

/* The time at the end of a VM backup's name, "YYYYMMDD_HHMMSS". */
#define TIME_LENGTH 15

static int
compare_by_time (gconstpointer a, gconstpointer b)
{
  const char *left = *(const char *const *) a;
  const char *right = *(const char *const *) b;
  gsize left_length = strlen (left);
  gsize right_length = strlen (right);

  return strcmp (right + (right_length > TIME_LENGTH ? right_length - TIME_LENGTH : 0),
                 left + (left_length > TIME_LENGTH ? left_length - TIME_LENGTH : 0));
}

/**
 * bk_catalogue_newest_completed:
 * @project_id: of a VM
 *
 * Goes by the times in the names, so that a list of many VMs need not read every backup of each.
 *
 * Returns: (transfer full) (nullable): the newest completed backup, or %NULL when there is none.
 */
BkBackup *
bk_catalogue_newest_completed (BkRepository *repository, const char *project_id)
{
  autofd int project = bk_open_directory_at (bk_repository_fd (repository), project_id, NULL);
  g_autoptr (GPtrArray) names = project < 0 ? NULL : bk_list_directory (project, NULL);

  if (names == NULL)
    return NULL;
  g_ptr_array_sort (names, compare_by_time);
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      autofd int fd = bk_name_is_safe (name) ? bk_open_directory_at (project, name, NULL) : -1;

      if (fd < 0)
        continue;
      g_autofree char *directory = g_strconcat (project_id, "/", name, NULL);
      g_autoptr (BkBackup) backup =
          read_metadata (fd, BK_METADATA_NAME, project_id, name, directory, NULL);
      if (backup != NULL && backup->status == BK_BACKUP_COMPLETED)
        return g_steal_pointer (&backup);
    }
  return NULL;
}

static BkBackup *
find_in_generations (int project, const char *project_id, const char *id, GError **error)
{
  g_autoptr (GPtrArray) names = bk_list_directory (project, error);
  g_autofree char *file_name = g_strconcat (id, METADATA_SUFFIX, NULL);

  if (names == NULL)
    return NULL;
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      autofd int fd = g_str_has_prefix (name, GENERATION_PREFIX) && bk_name_is_safe (name)
                          ? bk_open_directory_at (project, name, NULL)
                          : -1;
      g_autofree char *directory = g_strconcat (project_id, "/", name, NULL);
      g_autoptr (GError) local = NULL;
      BkBackup *backup =
          fd < 0 ? NULL : read_metadata (fd, file_name, project_id, id, directory, &local);

      if (backup != NULL)
        return backup;
      if (local != NULL && !g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return NULL;
        }
    }
  bk_set_error (error, BK_ERROR_NOT_FOUND, "not there");
  return NULL;
}

static BkBackup *
find_in_project (
    int project, BkProjectKind kind, const char *project_id, const char *id, GError **error)
{
  g_autofree char *file_name = g_strconcat (id, METADATA_SUFFIX, NULL);
  g_autofree char *directory = g_strconcat (project_id, "/", id, NULL);

  switch (kind)
    {
    case BK_PROJECT_TREE:
      return find_in_generations (project, project_id, id, error);
    case BK_PROJECT_EVENT_LOG:
      return read_metadata (project, file_name, project_id, id, project_id, error);
    case BK_PROJECT_VM:
      break;
    }

  autofd int fd = bk_open_directory_at (project, id, error);
  return fd < 0 ? NULL : read_metadata (fd, BK_METADATA_NAME, project_id, id, directory, error);
}

/**
 * bk_catalogue_find:
 * @full_id: project/backup, hostile until checked
 *
 * Errors: %BK_ERROR_USAGE, %BK_ERROR_NOT_FOUND, or %BK_ERROR_INTEGRITY when its metadata is
 *   broken.
 *
 * Returns: (transfer full) (nullable): the backup, whatever its status.
 */
BkBackup *
bk_catalogue_find (BkRepository *repository, const char *full_id, GError **error)
{
  g_autofree char *project_id = NULL;
  g_autofree char *id = NULL;
  g_autoptr (GError) local = NULL;
  BkProjectKind kind;

  if (!bk_backup_full_id_split (full_id, &project_id, &id, &kind, error))
    return NULL;

  autofd int project = bk_repository_open_project (repository, project_id, error);
  if (project < 0)
    return NULL;

  BkBackup *backup = find_in_project (project, kind, project_id, id, &local);
  if (backup != NULL)
    settle_interrupted (backup, bk_lock_is_held (project, BK_PROJECT_LOCK_NAME));
  else if (g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND))
    bk_set_error (error, BK_ERROR_NOT_FOUND,
                  "There is no backup “%s”; “cockpit-backup list %s” shows those there are",
                  full_id, project_id);
  else
    g_propagate_error (error, g_steal_pointer (&local));
  return backup;
}

/**
 * bk_catalogue_open_files:
 * @backup: one that the catalogue gave
 *
 * Returns: a handle of the directory that the paths of @backup's files start from, or -1.
 */
int
bk_catalogue_open_files (BkRepository *repository, const BkBackup *backup, GError **error)
{
  g_return_val_if_fail (backup->directory != NULL, -1);
  return bk_repository_open_directory (repository, backup->directory, error);
}
