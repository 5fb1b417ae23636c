#include "store/repository/cycle-file.h"

#include "base/atomic-file.h"
#include "base/error.h"
#include "base/gettext.h"
#include "base/path.h"
#include "format/cycle-manifest.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* In a project from before a backup completes until manifest.json names it: the backup's id. */
#define JOINING_NAME ".joining"

/**
 * bk_cycle_file_load:
 * @project: the project's directory
 * @cycle: (out) (transfer full) (nullable): %NULL when no cycle is active
 *
 * Errors: %BK_ERROR_INTEGRITY when there is one that cannot be trusted.
 */
gboolean
bk_cycle_file_load (int project, const char *project_id, BkCycle **cycle, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autofree char *what = g_strdup_printf (_ ("The manifest.json of “%s”"), project_id);
  g_autoptr (GBytes) bytes =
      bk_read_small_file (project, BK_CYCLE_MANIFEST_NAME, BK_CYCLE_MANIFEST_MAX_BYTES, &local);

  *cycle = NULL;
  if (bytes == NULL)
    {
      if (g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  *cycle = bk_cycle_manifest_from_bytes (bytes, what, error);
  return *cycle != NULL;
}

/**
 * bk_cycle_file_save:
 *
 * Writes manifest.json, durably and at once. After an error it is either the old one or the new
 * one.
 */
gboolean
bk_cycle_file_save (int project, const BkCycle *cycle, GError **error)
{
  g_autofree char *text = bk_cycle_manifest_to_text (cycle);

  return bk_atomic_write (project, BK_CYCLE_MANIFEST_NAME, text, strlen (text), 0600, error);
}

/**
 * bk_cycle_file_remove:
 *
 * No cycle is active any more, durably. One that is not there counts as removed.
 */
gboolean
bk_cycle_file_remove (int project, GError **error)
{
  if (unlinkat (project, BK_CYCLE_MANIFEST_NAME, 0) < 0 && errno != ENOENT)
    {
      int errnum = errno;
      g_autofree char *path = bk_fd_dup_path (project);

      return bk_error_set_errno (error, errnum, "“%s/%s” cannot be removed", path,
                                 BK_CYCLE_MANIFEST_NAME);
    }
  return bk_sync_directory (project, "manifest.json", error);
}

/**
 * bk_cycle_file_note_joining:
 *
 * Notes that a backup is going to join the cycle as soon as it is complete. A checkpoint says as much;
 * this is for a VM whose disks can have none (raw ones): what dies in between leaves a complete backup
 * that is told from one of a family that was given up.
 */
gboolean
bk_cycle_file_note_joining (int project, const char *backup_id, GError **error)
{
  return bk_atomic_write (project, JOINING_NAME, backup_id, strlen (backup_id), 0600, error);
}

/**
 * bk_cycle_file_is_joining:
 *
 * Returns: whether bk_cycle_file_note_joining() was called for it, and nothing was since.
 */
gboolean
bk_cycle_file_is_joining (int project, const char *backup_id)
{
  g_autoptr (GBytes) bytes = bk_read_small_file (project, JOINING_NAME, BK_NAME_MAX_BYTES, NULL);
  gsize length_bytes = 0;
  const char *text = bytes == NULL ? NULL : g_bytes_get_data (bytes, &length_bytes);

  return text != NULL && length_bytes == strlen (backup_id) &&
         memcmp (text, backup_id, length_bytes) == 0;
}

/**
 * bk_cycle_file_forget_joining:
 *
 * manifest.json names the backup now, or nothing does. A note that stays is for a backup that
 * is in its cycle already.
 */
void
bk_cycle_file_forget_joining (int project)
{
  unlinkat (project, JOINING_NAME, 0);
}
