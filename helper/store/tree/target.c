/* A target's beginning and end: whether it may be written to, what marks it as being restored to, and
 * what is left to do when everything is in its place. */
#include "store/tree/target-private.h"

#include "base/atomic-file.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define MARKER_MAX_BYTES 65536

static gboolean
is_ours (const char *name)
{
  return strcmp (name, BK_TREE_TARGET_STAGING) == 0 || strcmp (name, BK_TREE_TARGET_MARKER) == 0 ||
         g_str_has_prefix (name, BK_TEMPORARY_PREFIX BK_TREE_TARGET_MARKER);
}

static gboolean
holds_marker (BkTreeTarget *target, const char *restore_id)
{
  g_autoptr (GBytes) marker =
      bk_read_small_file (target->fd, BK_TREE_TARGET_MARKER, MARKER_MAX_BYTES, NULL);

  return marker != NULL && g_bytes_get_size (marker) == strlen (restore_id) &&
         memcmp (g_bytes_get_data (marker, NULL), restore_id, strlen (restore_id)) == 0;
}

/* Only an empty target, or what an interrupted run of the same restore left, or with the person's
 * word for it. */
static gboolean
check_target (BkTreeTarget *target, const char *restore_id, GError **error)
{
  g_autoptr (GPtrArray) names = bk_list_directory (target->fd, error);
  gboolean is_empty = TRUE;

  if (names == NULL)
    return FALSE;
  for (guint i = 0; i < names->len; i++)
    is_empty = is_empty && is_ours (g_ptr_array_index (names, i));
  if (is_empty || (target->flags & BK_TREE_TARGET_OVERWRITE) != 0)
    return TRUE;
  if (holds_marker (target, restore_id))
    {
      target->flags |= BK_TREE_TARGET_OVERWRITE;
      return TRUE;
    }
  bk_set_error (
      error, BK_ERROR_USAGE,
      "The target “%s” is not empty: choose an empty one, or --overwrite to write into it",
      target->path);
  return FALSE;
}

static gboolean
make_staging (BkTreeTarget *target, const char *restore_id, GError **error)
{
  g_autoptr (GPtrArray) names = bk_list_directory (target->fd, error);
  guint64 removed_count = 0;

  /* The marker stays, or is replaced: there is no instant without one once anything is restored. */
  if (names == NULL || !bk_atomic_write (target->fd, BK_TREE_TARGET_MARKER, restore_id,
                                         strlen (restore_id), 0600, error))
    return FALSE;
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);

      if (is_ours (name) && strcmp (name, BK_TREE_TARGET_MARKER) != 0 &&
          !bk_tree_target_remove (target->fd, name, &removed_count, error))
        return FALSE;
    }
  target->staging = bk_make_directory_at (target->fd, BK_TREE_TARGET_STAGING, 0700, error);
  if (target->staging < 0)
    return FALSE;
  bk_tree_clear_default_acl (target->staging);
  return TRUE;
}

static int
open_target (const char *path, GError **error)
{
  if (!g_path_is_absolute (path))
    {
      bk_set_error (error, BK_ERROR_USAGE, "The target “%s” must be an absolute path", path);
      return -1;
    }
  if (g_mkdir_with_parents (path, 0700) < 0)
    {
      bk_error_set_errno (error, errno, "The target “%s” cannot be made", path);
      return -1;
    }
  return bk_open_directory (path, error);
}

/**
 * bk_tree_target_new:
 * @path: an absolute path that a person chose; made if it is missing
 * @restore_id: names what is restored; an interrupted restore of the same name may go on in a
 *   target that is not empty
 *
 * Errors: %BK_ERROR_USAGE for a target that is not empty without %BK_TREE_TARGET_OVERWRITE.
 *
 * Returns: (transfer full) (nullable): the target.
 */
BkTreeTarget *
bk_tree_target_new (const char *path,
                    const char *restore_id,
                    BkTreeTargetFlags flags,
                    BkTreeTargetWarningFunc func,
                    gpointer user_data,
                    GError **error)
{
  autofd int fd = open_target (path, error);

  if (fd < 0)
    return NULL;

  g_autoptr (BkTreeTarget) self = g_new0 (BkTreeTarget, 1);
  self->fd = bk_fd_steal (&fd);
  self->staging = self->parent = -1;
  self->path = g_strdup (path);
  self->flags = flags;
  self->func = func;
  self->user_data = user_data;
  self->directories = g_ptr_array_new_with_free_func ((GDestroyNotify) bk_tree_attributes_free);
  if (!check_target (self, restore_id, error) || !make_staging (self, restore_id, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
bk_tree_target_free (BkTreeTarget *target)
{
  bk_fd_clear (&target->parent);
  bk_fd_clear (&target->staging);
  bk_fd_clear (&target->fd);
  g_ptr_array_unref (target->directories);
  g_free (target->parent_path);
  g_free (target->path);
  g_free (target);
}

/**
 * bk_tree_target_get_fd:
 *
 * Returns: the handle of the directory that is restored into, which @target keeps.
 */
int
bk_tree_target_get_fd (BkTreeTarget *target)
{
  return target->fd;
}

static gboolean
finish_directory (BkTreeTarget *target, const BkTreeAttributes *attributes, GError **error)
{
  autofd int fd = bk_tree_target_open_beneath (target->fd, attributes->path,
                                               O_RDONLY | O_DIRECTORY | O_NOFOLLOW);

  if (fd < 0)
    return bk_tree_target_fail_at (error, errno, attributes->path, _ ("cannot be finished"));
  bk_tree_attributes_clear_others (attributes, fd);
  bk_tree_attributes_apply (attributes, fd, -1, NULL, target->func, target->user_data);
  return TRUE;
}

/**
 * bk_tree_target_finish:
 *
 * Gives the directories their owners, modes and times, now that nothing more is put into them, and
 * makes all of it durable. The deepest come first: a directory that its owner may not enter would
 * hide those in it.
 */
gboolean
bk_tree_target_finish (BkTreeTarget *target, GCancellable *cancellable, GError **error)
{
  guint64 removed_count = 0;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  bk_fd_clear (&target->parent);
  for (guint i = target->directories->len; i > 0; i--)
    {
      if (!finish_directory (target, g_ptr_array_index (target->directories, i - 1), error))
        return FALSE;
    }
  if (syncfs (target->fd) < 0)
    return bk_error_set_errno (error, errno, "What was restored to “%s” cannot be made durable",
                               target->path);
  bk_fd_clear (&target->staging);
  if (!bk_tree_target_remove (target->fd, BK_TREE_TARGET_STAGING, &removed_count, error) ||
      !bk_tree_target_remove (target->fd, BK_TREE_TARGET_MARKER, &removed_count, error))
    return FALSE;
  return bk_sync_directory (target->fd, target->path, error);
}
