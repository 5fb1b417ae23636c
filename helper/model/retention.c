#include "model/retention.h"

#include <string.h>

#define DAY_USECS (24 * G_TIME_SPAN_HOUR)

/**
 * bk_retention_is_protected:
 *
 * Returns: whether only a person who names this one backup may remove it: a Full-Merged, or one
 *   that was pinned.
 */
gboolean
bk_retention_is_protected (const BkBackup *backup)
{
  return backup->type == BK_BACKUP_CHECKPOINT ||
         (backup->extra != NULL &&
          json_object_get_boolean_member_with_default (backup->extra, "protected", FALSE));
}

static const char *
generation_of (const BkBackup *backup)
{
  return backup->directory == NULL ? "" : backup->directory;
}

/* In a tree's generation a later point can need any archive before it. */
static gboolean
is_later_in_generation (const BkBackup *backup, const BkBackup *other)
{
  return g_str_has_prefix (backup->project_id, "tree/") &&
         strcmp (generation_of (backup), generation_of (other)) == 0 &&
         strcmp (other->id, backup->id) > 0;
}

/**
 * bk_retention_dependents:
 * @backups: (element-type BkBackup): all of its project
 *
 * Returns: (transfer container) (element-type BkBackup): those that cannot be restored without
 *   @backup.
 */
GPtrArray *
bk_retention_dependents (const BkBackup *backup, const GPtrArray *backups)
{
  GPtrArray *dependents = g_ptr_array_new ();

  for (guint i = 0; i < backups->len; i++)
    {
      BkBackup *other = g_ptr_array_index (backups, i);

      if (other->status != BK_BACKUP_FAILED &&
          (g_strcmp0 (other->parent_backup_id, backup->id) == 0 ||
           is_later_in_generation (backup, other)))
        g_ptr_array_add (dependents, other);
    }
  return dependents;
}

static void
add_missing (GPtrArray *to, const GPtrArray *from)
{
  for (guint i = 0; i < from->len; i++)
    {
      gpointer backup = g_ptr_array_index (from, i);

      if (!g_ptr_array_find (to, backup, NULL))
        g_ptr_array_add (to, backup);
    }
}

/**
 * bk_retention_all_dependents:
 * @backups: (element-type BkBackup): all of its project, the oldest first
 *
 * Returns: (transfer container) (element-type BkBackup): those that cannot be restored without
 *   @backup, directly or through others, in an order in which they can be deleted.
 */
GPtrArray *
bk_retention_all_dependents (const BkBackup *backup, const GPtrArray *backups)
{
  g_autoptr (GPtrArray) nearest_first = bk_retention_dependents (backup, backups);
  GPtrArray *dependents = g_ptr_array_new ();

  for (guint i = 0; i < nearest_first->len; i++)
    {
      g_autoptr (GPtrArray) further =
          bk_retention_dependents (g_ptr_array_index (nearest_first, i), backups);

      add_missing (nearest_first, further);
    }
  for (guint i = nearest_first->len; i > 0; i--)
    {
      /* A ring of hostile records comes back to where it began. */
      if (g_ptr_array_index (nearest_first, i - 1) != backup)
        g_ptr_array_add (dependents, g_ptr_array_index (nearest_first, i - 1));
    }
  return dependents;
}

/**
 * bk_retention_expired:
 * @backups: (element-type BkBackup): of one or several projects
 * @days: how long standalone copies are kept; 0 keeps them for ever
 *
 * Returns: (transfer container) (element-type BkBackup): standalone copies that are older, and the
 *   records of backups that failed longer ago than a day.
 */
GPtrArray *
bk_retention_expired (const GPtrArray *backups, guint days, gint64 now_usecs)
{
  GPtrArray *expired = g_ptr_array_new ();

  for (guint i = 0; i < backups->len; i++)
    {
      BkBackup *backup = g_ptr_array_index (backups, i);
      gint64 age_usecs = now_usecs - backup->created_usecs;

      if (bk_retention_is_protected (backup))
        continue;
      if ((backup->status == BK_BACKUP_FAILED && age_usecs > DAY_USECS) ||
          (backup->status == BK_BACKUP_COMPLETED && backup->type == BK_BACKUP_SNAPSHOT &&
           days > 0 && age_usecs > days * DAY_USECS))
        g_ptr_array_add (expired, backup);
    }
  return expired;
}
