#include "store/repository/restore-journal-file.h"

#include "base/atomic-file.h"
#include "base/error.h"
#include "base/gettext.h"
#include "base/path.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/**
 * bk_restore_journal_load:
 * @project: the project's directory
 * @journal: (out) (transfer full) (nullable): %NULL when no restore is under way, or was interrupted
 *
 * Errors: %BK_ERROR_INTEGRITY when there is one that cannot be trusted.
 */
gboolean
bk_restore_journal_load (int project,
                         const char *project_id,
                         BkRestoreJournal **journal,
                         GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autofree char *what = g_strdup_printf (_ ("“%s” of “%s”"), BK_RESTORE_JOURNAL_NAME, project_id);
  g_autoptr (GBytes) bytes =
      bk_read_small_file (project, BK_RESTORE_JOURNAL_NAME, BK_RESTORE_JOURNAL_MAX_BYTES, &local);

  *journal = NULL;
  if (bytes == NULL)
    {
      if (g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  *journal = bk_restore_journal_from_bytes (bytes, what, error);
  return *journal != NULL;
}

/**
 * bk_restore_journal_save:
 *
 * Writes restore.json, durably and at once.
 */
gboolean
bk_restore_journal_save (int project, const BkRestoreJournal *journal, GError **error)
{
  g_autofree char *text = bk_restore_journal_to_text (journal);

  return bk_atomic_write (project, BK_RESTORE_JOURNAL_NAME, text, strlen (text), 0600, error);
}

/* Names of a journal that was being written; nobody writes one but the holder of the lock. */
#define TEMPORARY_PREFIX BK_TEMPORARY_PREFIX BK_RESTORE_JOURNAL_NAME

/**
 * bk_restore_journal_owns_name:
 *
 * Returns: whether an entry of the project's directory belongs to a restore, and to nobody else.
 */
gboolean
bk_restore_journal_owns_name (const char *name)
{
  return g_str_has_prefix (name, TEMPORARY_PREFIX);
}

/**
 * bk_restore_journal_is_absent:
 *
 * Returns: whether there is nothing of a restore in the project's directory.
 */
gboolean
bk_restore_journal_is_absent (int project)
{
  g_autoptr (GPtrArray) names = bk_list_directory (project, NULL);

  for (guint i = 0; names != NULL && i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);

      if (strcmp (name, BK_RESTORE_JOURNAL_NAME) == 0 || bk_restore_journal_owns_name (name))
        return FALSE;
    }
  return names != NULL;
}

/**
 * bk_restore_journal_remove:
 *
 * Removes the journal, and what was being written of one. The caller holds the restore's lock.
 */
gboolean
bk_restore_journal_remove (int project, GError **error)
{
  g_autoptr (GPtrArray) names = bk_list_directory (project, error);

  for (guint i = 0; names != NULL && i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);

      if (bk_restore_journal_owns_name (name))
        unlinkat (project, name, 0);
    }
  if (unlinkat (project, BK_RESTORE_JOURNAL_NAME, 0) < 0 && errno != ENOENT)
    {
      int errnum = errno;
      g_autofree char *path = bk_fd_dup_path (project);

      return bk_error_set_errno (error, errnum, "“%s/%s” cannot be removed", path,
                                 BK_RESTORE_JOURNAL_NAME);
    }
  return bk_sync_directory (project, BK_RESTORE_JOURNAL_NAME, error);
}
