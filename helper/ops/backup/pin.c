#include "ops/backup/pin.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "format/vm-point-json.h"
#include "ops/backup/verify.h"
#include "ops/fraction.h"
#include "ops/vm/chain.h"
#include "ops/vm/run.h"
#include "ops/vm/state.h"
#include "store/repository/catalogue.h"
#include "store/repository/cycle-file.h"
#include "store/repository/metadata-file.h"
#include "store/repository/point-writer.h"

#include <errno.h>
#include <string.h>

/* Whether the cycle's consolidation will take it away. */
static gboolean
belongs_to_cycle (BkRepository *repository,
                  const BkBackup *backup,
                  gboolean *belongs,
                  GError **error)
{
  g_autoptr (BkCycle) cycle = NULL;

  *belongs = FALSE;
  if (!g_str_has_prefix (backup->project_id, "vm/"))
    return TRUE;

  autofd int project = bk_repository_open_project (repository, backup->project_id, error);
  if (project < 0 || !bk_cycle_file_load (project, backup->project_id, &cycle, error))
    return FALSE;
  *belongs = backup->parent_backup_id != NULL ||
             (cycle != NULL && bk_cycle_names_backup (cycle, backup->id));
  return TRUE;
}

static BkBackup *
relabel (BkRepository *repository, const BkBackup *backup, const char *label, GError **error)
{
  g_autoptr (BkBackup) pinned = bk_backup_copy (backup);

  pinned->type = BK_BACKUP_CHECKPOINT;
  g_strfreev (pinned->tags);
  pinned->tags = g_strdupv ((char *[]){ (char *) label, NULL });
  return bk_metadata_file_rewrite (repository, pinned, error) ? g_steal_pointer (&pinned) : NULL;
}

/* A point of a cycle on its way to a copy that stands by itself. */
typedef struct
{
  BkRepository *repository;
  BkReporter *reporter;
  GCancellable *cancellable;
  BkVmChain *chain;
  BkVmPoint *point; /* the copy */
  BkPointWriter *writer;
} Flattening;

static void
flattening_clear (Flattening *self)
{
  g_clear_pointer (&self->writer, bk_point_writer_free);
  g_clear_pointer (&self->point, bk_vm_point_free);
  g_clear_pointer (&self->chain, bk_vm_chain_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Flattening, flattening_clear)

/* Every byte is read first: a copy of what is broken would have right sums of wrong bytes. */
static gboolean
open_chain (Flattening *self, const char *full_id, GError **error)
{
  g_autoptr (GHashTable) verified = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  self->chain = bk_vm_chain_open (self->repository, full_id, error);
  return self->chain != NULL &&
         bk_backup_verify (self->repository, self->chain->backup, TRUE, verified, self->reporter,
                           self->cancellable, error);
}

static void
plan_point (Flattening *self, gint64 usecs)
{
  const BkVmPoint *from = self->chain->point;

  self->point = bk_vm_point_new (BK_POINT_STANDALONE, from->vm, from->uuid);
  for (guint i = 0; i < from->disks->len; i++)
    {
      const BkPointDisk *disk = g_ptr_array_index (from->disks, i);
      g_autofree char *name =
          bk_cycle_file_name (from->vm, disk->target, BK_CYCLE_PART_SNAPSHOT, usecs);
      g_autofree char *file = g_strconcat (BK_POINT_DATA "/", name, NULL);

      bk_vm_point_add_disk (self->point, disk->target, file, NULL, disk->capacity_bytes);
    }
}

static gboolean
open_writer (Flattening *self, int project, const char *label, gint64 usecs, GError **error)
{
  const BkBackup *from = self->chain->backup;
  g_autofree char *id = bk_cycle_backup_id (self->point->vm, BK_CYCLE_PART_SNAPSHOT, usecs);
  BkBackup *backup = bk_backup_new (id, from->project_id, BK_BACKUP_CHECKPOINT);

  backup->created_usecs = from->created_usecs; /* the instant it shows */
  backup->tags = g_strdupv ((char *[]){ (char *) label, NULL });
  backup->extra = bk_vm_point_to_json (self->point);
  self->writer = bk_point_writer_open (project, self->chain->project_path, backup, error);
  return self->writer != NULL;
}

/* One disk of the chain as one file of its own. */
static gboolean
flatten_disk (Flattening *self, guint index, BkFraction *progress, GError **error)
{
  const BkPointDisk *from = g_ptr_array_index (self->chain->point->disks, index);
  const BkPointDisk *to = g_ptr_array_index (self->point->disks, index);
  const char *name = to->file + strlen (BK_POINT_DATA "/");
  g_autofree char *path = bk_point_writer_file_path (self->writer, name);
  const BkQemuImgTarget target = { .file = path, .format = "qcow2" };
  guint64 size_bytes;

  if (!bk_vm_chain_convert (self->chain, from, &target, progress, self->cancellable, error))
    return FALSE;

  autofd int fd = bk_open_file_at (bk_point_writer_data_fd (self->writer), name, error);
  if (fd < 0)
    return FALSE;
  if (fsync (fd) < 0)
    return bk_error_set_errno (error, errno, "“%s” cannot be made durable", name);
  g_autofree char *sha256 =
      bk_sha256_of_fd (fd, name, &size_bytes, NULL, NULL, self->cancellable, error);
  if (sha256 == NULL)
    return FALSE;
  bk_backup_add_file (bk_point_writer_backup (self->writer), to->file, size_bytes, sha256);
  return TRUE;
}

static gboolean
flatten_all (Flattening *self, GError **error)
{
  BkFraction progress = {
    self->reporter, self->chain->backup->project_id, "copy", 0, 0, bk_vm_chain_bytes (self->chain)
  };

  for (guint i = 0; i < self->point->disks->len; i++)
    {
      if (!flatten_disk (self, i, &progress, error))
        return FALSE;
    }
  return bk_vm_state_copy (self->chain, self->writer, error) &&
         bk_point_writer_complete (self->writer, g_get_real_time (), error);
}

/* A point of a cycle goes when its cycle ends: what is pinned is a copy that stands by itself. */
static BkBackup *
pin_copy (Flattening *self, const char *full_id, const char *label, GError **error)
{
  gint64 usecs = 0;

  if (!open_chain (self, full_id, error))
    return NULL;
  autofd int project =
      bk_repository_open_project (self->repository, self->chain->backup->project_id, error);
  if (project < 0 || !bk_vm_find_free_time (project, self->chain->point->vm, &usecs, error))
    return NULL;
  plan_point (self, usecs);
  if (!open_writer (self, project, label, usecs, error))
    return NULL;
  if (flatten_all (self, error))
    return bk_backup_copy (bk_point_writer_backup (self->writer));
  bk_point_discard (project, bk_point_writer_backup (self->writer), NULL, 0, NULL);
  return NULL;
}

/**
 * bk_backup_pin:
 * @full_id: hostile until checked
 * @label: for people; hostile until checked
 *
 * Makes a point that no rule removes. One that stands by itself is pinned as it is; of one that is
 * part of a cycle a copy is made, because the cycle's end takes its points away.
 *
 * Returns: (transfer full) (nullable): the pinned backup.
 */
BkBackup *
bk_backup_pin (BkRepository *repository,
               const char *full_id,
               const char *label,
               const char *job_id,
               BkReporter *reporter,
               GCancellable *cancellable,
               GError **error)
{
  gboolean belongs = FALSE;
  g_autoptr (BkBackup) named =
      bk_backup_label_check (label, error) ? bk_catalogue_find (repository, full_id, error) : NULL;
  if (named == NULL)
    return NULL;

  g_autoptr (BkLock) lock =
      bk_repository_lock_project (repository, named->project_id, job_id, error);
  /* Again, now that nobody else changes it. */
  g_autoptr (BkBackup) backup =
      lock == NULL ? NULL : bk_catalogue_find (repository, full_id, error);
  if (backup == NULL || !belongs_to_cycle (repository, backup, &belongs, error))
    return NULL;
  if (backup->status != BK_BACKUP_COMPLETED)
    {
      bk_set_error (error, BK_ERROR_USAGE, "“%s” cannot be pinned: it did not complete", full_id);
      return NULL;
    }

  g_auto (Flattening) flattening = { repository, reporter, cancellable };
  BkBackup *pinned = belongs ? pin_copy (&flattening, full_id, label, error)
                             : relabel (repository, backup, label, error);
  if (pinned != NULL)
    bk_reporter_message (reporter, BK_LOG_INFO, pinned->project_id, pinned->id, "backup.pin",
                         "“%s” is pinned as “%s”", pinned->id, label);
  return pinned;
}
