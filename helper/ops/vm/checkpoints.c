/* Which checkpoints that the VM has are this repository's. Another repository's, and another program's, are
 * left alone: their names are in no record here. */
#include "ops/vm/checkpoints.h"

#include "base/error.h"
#include "format/vm-point-json.h"
#include "store/repository/catalogue.h"
#include "store/repository/checkpoint-note.h"

#include <string.h>

static void
add_known (GHashTable *known, const BkVmRun *run, const char *uuid, const char *name)
{
  if (name != NULL && strcmp (uuid, run->vm->uuid) == 0)
    g_hash_table_add (known, g_strdup (name));
}

/* By the records of its backups, by the cycle, and by what is noted: that has no use, whatever is kept. */
static GHashTable *
list_known (BkVmRun *run, const char *keep, GError **error)
{
  g_autoptr (GHashTable) known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GPtrArray) notes = bk_checkpoint_notes_read (run->project, error);
  g_autoptr (GPtrArray) backups = notes == NULL
                                      ? NULL
                                      : bk_catalogue_list (run->repository, run->project_id, NULL,
                                                           NULL, run->cancellable, error);

  if (backups == NULL)
    return NULL;
  for (guint i = 0; i < backups->len; i++)
    {
      const BkBackup *backup = g_ptr_array_index (backups, i);
      g_autoptr (BkVmPoint) point = bk_vm_point_from_json (backup->extra, backup->id, NULL);

      if (point != NULL)
        add_known (known, run, point->uuid, point->checkpoint);
    }
  if (run->cycle != NULL)
    add_known (known, run, run->cycle->uuid, run->cycle->last_checkpoint_name);
  if (keep != NULL)
    g_hash_table_remove (known, keep);
  for (guint i = 0; i < notes->len; i++)
    {
      const BkCheckpointNote *note = g_ptr_array_index (notes, i);

      add_known (known, run, note->uuid, note->name);
    }
  return g_steal_pointer (&known);
}

/**
 * bk_vm_checkpoints_find:
 * @run: its VM is there
 * @keep: (nullable): one that is needed, and left out
 *
 * Returns: (transfer full) (nullable): the names of the checkpoints that the VM has of this project's
 *   backups.
 */
GStrv
bk_vm_checkpoints_find (BkVmRun *run, const char *keep, GError **error)
{
  g_auto (GStrv) existing = bk_hypervisor_list_checkpoints (run->hypervisor, run->vm->uuid, error);
  if (existing == NULL || *existing == NULL)
    return g_steal_pointer (&existing);

  g_autoptr (GHashTable) known = list_known (run, keep, error);
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  if (known == NULL)
    return NULL;
  for (char **name = existing; *name != NULL; name++)
    {
      if (g_hash_table_contains (known, *name))
        g_strv_builder_add (names, *name);
    }
  return g_strv_builder_end (names);
}

/* @is_over: (out): whether the checkpoint is gone, or its VM is. */
static gboolean
look_at_note (
    BkVmRun *run, const BkCheckpointNote *note, GStrv existing, gboolean *is_over, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (BkVm) other = NULL;

  if (run->vm != NULL && strcmp (note->uuid, run->vm->uuid) == 0)
    {
      *is_over = !g_strv_contains ((const char *const *) existing, note->name);
      return TRUE;
    }
  other = bk_hypervisor_find_by_uuid (run->hypervisor, note->uuid, &local);
  *is_over = g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND);
  if (other != NULL || *is_over)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/**
 * bk_vm_checkpoints_settle:
 *
 * Takes the notes away of checkpoints that are gone, or whose VM is.
 */
gboolean
bk_vm_checkpoints_settle (BkVmRun *run, GError **error)
{
  g_autoptr (GPtrArray) notes = bk_checkpoint_notes_read (run->project, error);
  if (notes == NULL || notes->len == 0)
    return notes != NULL;

  g_auto (GStrv) existing =
      run->vm == NULL ? g_new0 (char *, 1)
                      : bk_hypervisor_list_checkpoints (run->hypervisor, run->vm->uuid, error);
  if (existing == NULL)
    return FALSE;
  for (guint i = notes->len; i > 0; i--)
    {
      gboolean is_over;

      if (!look_at_note (run, g_ptr_array_index (notes, i - 1), existing, &is_over, error))
        return FALSE;
      if (is_over)
        g_ptr_array_remove_index (notes, i - 1);
    }
  return bk_checkpoint_notes_write (run->project, notes, error);
}
