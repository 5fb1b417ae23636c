#include "model/restore-journal.h"

#include "base/words.h"

#include <string.h>

#define TAG_LENGTH 8

static const char *const mode_names[] = {
  [BK_RESTORE_TO_DIRECTORY] = "directory",
  [BK_RESTORE_AS_NEW] = "new",
  [BK_RESTORE_IN_PLACE] = "in-place",
};

static const char *const state_names[] = {
  [BK_RESTORE_WRITING] = "writing",
  [BK_RESTORE_PLACING] = "placing",
};

/**
 * bk_restore_journal_new:
 * @vm: what it is restored as
 * @tag: bk_restore_tag_is_valid()
 *
 * Returns: (transfer full): the journal of a restore that writes; its paths are added by the caller.
 */
BkRestoreJournal *
bk_restore_journal_new (BkRestoreMode mode, const char *backup_id, const char *vm, const char *tag)
{
  BkRestoreJournal *self = g_new0 (BkRestoreJournal, 1);

  self->mode = mode;
  self->backup_id = g_strdup (backup_id);
  self->vm = g_strdup (vm);
  self->tag = g_strdup (tag);
  self->paths = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
bk_restore_journal_free (BkRestoreJournal *journal)
{
  g_free (journal->backup_id);
  g_free (journal->vm);
  g_free (journal->uuid);
  g_free (journal->tag);
  g_ptr_array_unref (journal->paths);
  g_free (journal);
}

const char *
bk_restore_mode_to_string (BkRestoreMode mode)
{
  return mode_names[mode];
}

gboolean
bk_restore_mode_from_string (const char *text, BkRestoreMode *mode)
{
  guint index;

  if (!bk_word_index (mode_names, G_N_ELEMENTS (mode_names), text, &index))
    return FALSE;
  *mode = (BkRestoreMode) index;
  return TRUE;
}

const char *
bk_restore_state_to_string (BkRestoreState state)
{
  return state_names[state];
}

gboolean
bk_restore_state_from_string (const char *text, BkRestoreState *state)
{
  guint index;

  if (!bk_word_index (state_names, G_N_ELEMENTS (state_names), text, &index))
    return FALSE;
  *state = (BkRestoreState) index;
  return TRUE;
}

/**
 * bk_restore_tag_is_valid:
 * @tag: (nullable): hostile until checked
 */
gboolean
bk_restore_tag_is_valid (const char *tag)
{
  if (tag == NULL || strlen (tag) != TAG_LENGTH)
    return FALSE;
  for (guint i = 0; i < TAG_LENGTH; i++)
    {
      if (!g_ascii_isxdigit (tag[i]) || g_ascii_isupper (tag[i]))
        return FALSE;
    }
  return TRUE;
}

/**
 * bk_restore_temporary_path:
 *
 * Returns: (transfer full): where a file is while it is written; beside @path, so that one rename
 *   puts it there. No other file has such a name, so that what is removed by it is ours.
 */
char *
bk_restore_temporary_path (const char *path, const char *tag)
{
  return g_strconcat (path, ".restoring-", tag, NULL);
}

/**
 * bk_restore_kept_path:
 *
 * Returns: (transfer full): where a file that is replaced is kept until the restore has succeeded.
 */
char *
bk_restore_kept_path (const char *path, const char *tag)
{
  return g_strconcat (path, ".replaced-", tag, NULL);
}
