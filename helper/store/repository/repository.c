#include "store/repository/repository.h"

#include "base/atomic-file.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

struct _BkRepository
{
  GObject parent_instance;

  char *path;
  int fd;
};

G_DEFINE_FINAL_TYPE (BkRepository, bk_repository, G_TYPE_OBJECT)

static void
bk_repository_finalize (GObject *object)
{
  BkRepository *self = BK_REPOSITORY (object);

  bk_fd_clear (&self->fd);
  g_free (self->path);
  G_OBJECT_CLASS (bk_repository_parent_class)->finalize (object);
}

static void
bk_repository_class_init (BkRepositoryClass *class)
{
  G_OBJECT_CLASS (class)->finalize = bk_repository_finalize;
}

static void
bk_repository_init (BkRepository *self)
{
  self->fd = -1;
}

static gboolean
check_path (const char *path, GError **error)
{
  if (g_path_is_absolute (path))
    return TRUE;
  bk_set_error (error, BK_ERROR_USAGE,
                "The repository “%s” is not an absolute path; set one that begins with “/”", path);
  return FALSE;
}

/**
 * bk_repository_open:
 * @path: absolute
 *
 * For reading: makes nothing.
 *
 * Returns: (transfer full) (nullable): the repository, or %NULL with %BK_ERROR_NOT_FOUND when
 *   there is none yet, %BK_ERROR_DENIED, …
 */
BkRepository *
bk_repository_open (const char *path, GError **error)
{
  if (!check_path (path, error))
    return NULL;

  autofd int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    {
      bk_error_set_errno (error, errno, "The repository “%s” cannot be opened", path);
      return NULL;
    }

  BkRepository *self = g_object_new (BK_TYPE_REPOSITORY, NULL);
  self->path = g_strdup (path);
  self->fd = bk_fd_steal (&fd);
  return self;
}

/**
 * bk_repository_open_or_create:
 *
 * As bk_repository_open(), and makes the directory, and those above it, if they are missing.
 */
BkRepository *
bk_repository_open_or_create (const char *path, GError **error)
{
  if (!check_path (path, error))
    return NULL;
  if (!bk_make_directories (path, BK_REPOSITORY_DIRECTORY_MODE))
    {
      bk_error_set_errno (error, errno, "The repository “%s” cannot be made", path);
      return NULL;
    }
  return bk_repository_open (path, error);
}

/**
 * bk_repository_path:
 *
 * Returns: (transfer none): absolute, for QEMU, which opens by name.
 */
const char *
bk_repository_path (BkRepository *repository)
{
  return repository->path;
}

/**
 * bk_repository_fd:
 *
 * Returns: its handle, which @repository keeps.
 */
int
bk_repository_fd (BkRepository *repository)
{
  return repository->fd;
}

/* A tree whose storage has a directory of its own: the file in its project says where that is. */
static int
follow_location (int project, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GBytes) bytes =
      bk_read_small_file (project, BK_LOCATION_NAME, BK_LOCATION_MAX_BYTES, &local);

  if (bytes == NULL && g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND))
    return fcntl (project, F_DUPFD_CLOEXEC, 0);
  if (bytes == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return -1;
    }

  gsize length_bytes;
  const char *text = g_bytes_get_data (bytes, &length_bytes);
  g_autofree char *path = g_strndup (text, length_bytes);
  if (!g_path_is_absolute (path))
    {
      bk_set_error (error, BK_ERROR_INTEGRITY, "“%s” of a tree does not hold an absolute path",
                    BK_LOCATION_NAME);
      return -1;
    }
  return bk_open_directory (path, error);
}

static int
open_directory_of (BkRepository *repository, const char *project_id, GError **error)
{
  autofd int fd = bk_open_directory_at (repository->fd, project_id, error);

  return fd < 0 ? -1 : follow_location (fd, error);
}

/**
 * bk_repository_open_directory:
 * @path: of a directory in a project, as BkBackup has it
 *
 * Returns: a directory handle, or -1.
 */
int
bk_repository_open_directory (BkRepository *repository, const char *path, GError **error)
{
  const char *rest = path;
  guint depth = 0;

  for (guint kind = 0; kind < BK_PROJECT_KINDS; kind++)
    {
      const char *folder = bk_project_kind_folder ((BkProjectKind) kind);

      if (strncmp (path, folder, strlen (folder)) == 0 && path[strlen (folder)] == '/')
        depth = bk_project_kind_depth ((BkProjectKind) kind) + 1;
    }
  for (; depth > 0 && rest != NULL; depth--)
    {
      rest = strchr (rest, '/');
      rest = rest == NULL ? NULL : rest + 1;
    }
  if (rest == NULL || rest == path)
    return open_directory_of (repository, path, error);

  g_autofree char *project_id = g_strndup (path, (gsize) (rest - path) - 1);
  autofd int project = open_directory_of (repository, project_id, error);
  return project < 0 ? -1 : bk_open_directory_at (project, rest, error);
}

/**
 * bk_repository_set_location:
 * @project_id: of a tree
 * @path: (nullable): the absolute path of the directory that holds its backups, which is made if
 *   it is missing; %NULL for the project's own
 *
 * What was backed up to another place before stays there, and is no longer seen.
 */
gboolean
bk_repository_set_location (BkRepository *repository,
                            const char *project_id,
                            const char *path,
                            GError **error)
{
  autofd int project =
      bk_make_directory_at (repository->fd, project_id, BK_REPOSITORY_DIRECTORY_MODE, error);
  g_autoptr (GBytes) bytes = NULL;

  if (project < 0)
    return FALSE;
  if (path == NULL)
    return unlinkat (project, BK_LOCATION_NAME, 0) == 0 || errno == ENOENT ||
           bk_error_set_errno (error, errno, "“%s” of “%s” cannot be removed", BK_LOCATION_NAME,
                               project_id);
  if (!bk_make_directories (path, BK_REPOSITORY_DIRECTORY_MODE))
    return bk_error_set_errno (error, errno, "The directory “%s” cannot be made", path);

  bytes = bk_read_small_file (project, BK_LOCATION_NAME, BK_LOCATION_MAX_BYTES, NULL);
  gsize length_bytes = 0;
  const char *text = bytes == NULL ? NULL : g_bytes_get_data (bytes, &length_bytes);
  if (text != NULL && length_bytes == strlen (path) && memcmp (text, path, length_bytes) == 0)
    return TRUE;
  return bk_atomic_write (project, BK_LOCATION_NAME, path, strlen (path), 0600, error);
}

/**
 * bk_repository_open_project:
 * @project_id: checked here
 *
 * Returns: a directory handle, or -1 with %BK_ERROR_NOT_FOUND when nothing was ever backed up.
 */
int
bk_repository_open_project (BkRepository *repository, const char *project_id, GError **error)
{
  g_autoptr (GError) local = NULL;
  BkProjectKind kind;

  if (!bk_project_id_parse (project_id, &kind, error))
    return -1;

  int fd = open_directory_of (repository, project_id, &local);
  if (fd < 0 && g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND))
    bk_set_error (error, BK_ERROR_NOT_FOUND, "There is no backup of “%s” in “%s”", project_id,
                  repository->path);
  else if (fd < 0)
    g_propagate_error (error, g_steal_pointer (&local));
  return fd;
}

/**
 * bk_repository_make_project:
 *
 * Returns: a directory handle of the project's directory, made if it was missing, or -1.
 */
int
bk_repository_make_project (BkRepository *repository, const char *project_id, GError **error)
{
  BkProjectKind kind;

  if (!bk_project_id_parse (project_id, &kind, error))
    return -1;
  autofd int fd =
      bk_make_directory_at (repository->fd, project_id, BK_REPOSITORY_DIRECTORY_MODE, error);
  return fd < 0 ? -1 : follow_location (fd, error);
}

/**
 * bk_repository_lock_project:
 * @job_id: who takes it; "busy" names it to the next one
 *
 * Returns: (transfer full) (nullable): the lock, or %NULL with %BK_ERROR_BUSY at once.
 */
BkLock *
bk_repository_lock_project (BkRepository *repository,
                            const char *project_id,
                            const char *job_id,
                            GError **error)
{
  g_autofree char *other = NULL;
  g_autoptr (GError) local = NULL;
  autofd int project = bk_repository_make_project (repository, project_id, error);

  if (project < 0)
    return NULL;

  BkLock *lock = bk_lock_try (project, BK_PROJECT_LOCK_NAME, job_id, &other, &local);
  if (lock == NULL && g_error_matches (local, BK_ERROR, BK_ERROR_BUSY))
    bk_set_error (error, BK_ERROR_BUSY,
                  "“%s” is being worked on already, by job %s; wait for it or cancel it",
                  project_id, other);
  else if (lock == NULL)
    g_propagate_error (error, g_steal_pointer (&local));
  return lock;
}

/**
 * bk_repository_project_is_locked:
 *
 * Returns: whether a run works on it at this moment.
 */
gboolean
bk_repository_project_is_locked (BkRepository *repository, const char *project_id)
{
  autofd int project = open_directory_of (repository, project_id, NULL);

  return project >= 0 && bk_lock_is_held (project, BK_PROJECT_LOCK_NAME);
}

static gboolean
add_projects (int dirfd, const char *prefix, guint depth, GPtrArray *ids, GError **error)
{
  g_autoptr (GPtrArray) names = bk_list_directory (dirfd, error);

  for (guint i = 0; names != NULL && i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      g_autoptr (GError) local = NULL;
      autofd int child =
          bk_name_is_safe (name) ? bk_open_listed_directory (dirfd, name, &local) : -1;
      g_autofree char *path = g_strconcat (prefix, "/", name, NULL);

      if (local != NULL && depth > 1)
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      /* One that cannot be opened is there: whoever looks into it says why it cannot be. */
      if (depth == 1 && (child >= 0 || local != NULL))
        g_ptr_array_add (ids, g_steal_pointer (&path));
      else if (child >= 0 && !add_projects (child, path, depth - 1, ids, error))
        return FALSE;
    }
  return names != NULL;
}

/**
 * bk_repository_list_projects:
 *
 * Returns: (transfer full) (element-type utf8): the ids of all projects, by kind and name.
 */
GPtrArray *
bk_repository_list_projects (BkRepository *repository, GError **error)
{
  g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);

  for (guint kind = 0; kind < BK_PROJECT_KINDS; kind++)
    {
      const char *folder = bk_project_kind_folder ((BkProjectKind) kind);
      g_autoptr (GError) local = NULL;
      autofd int fd = bk_open_directory_at (repository->fd, folder, &local);

      if (fd >= 0)
        {
          if (!add_projects (fd, folder, bk_project_kind_depth ((BkProjectKind) kind), ids, error))
            return NULL;
        }
      else if (!g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return NULL;
        }
    }
  return g_steal_pointer (&ids);
}

/**
 * bk_repository_free_bytes:
 * @free_bytes: (out): what its file system has left for a process of ours
 */
gboolean
bk_repository_free_bytes (BkRepository *repository, guint64 *free_bytes, GError **error)
{
  struct statvfs st;

  if (fstatvfs (repository->fd, &st) < 0)
    return bk_error_set_errno (error, errno, "The free space of “%s” cannot be read",
                               repository->path);
  *free_bytes = (guint64) st.f_bavail * st.f_frsize;
  return TRUE;
}
