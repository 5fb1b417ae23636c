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

/* One disk of the chain as one file of its own. */
static gboolean
flatten_disk (const BkVmChain *chain,
              const BkPointDisk *from,
              const BkPointDisk *to,
              BkPointWriter *writer,
              BkFraction *progress,
              GCancellable *cancellable,
              GError **error)
{
  const char *name = to->file + strlen (BK_POINT_DATA "/");
  g_autofree char *path = bk_point_writer_file_path (writer, name);
  const BkQemuImgTarget target = { .file = path, .format = "qcow2" };
  guint64 size_bytes;

  if (!bk_vm_chain_convert (chain, from, &target, progress, cancellable, error))
    return FALSE;

  autofd int fd = bk_open_file_at (bk_point_writer_data_fd (writer), name, error);
  if (fd < 0)
    return FALSE;
  if (fsync (fd) < 0)
    return bk_error_set_errno (error, errno, "“%s” cannot be made durable", name);
  g_autofree char *sha256 = bk_sha256_of_fd (fd, name, &size_bytes, NULL, NULL, cancellable, error);
  if (sha256 == NULL)
    return FALSE;
  bk_backup_add_file (bk_point_writer_backup (writer), to->file, size_bytes, sha256);
  return TRUE;
}

static gboolean
flatten_all (const BkVmChain *chain,
             const BkVmPoint *flat,
             BkPointWriter *writer,
             BkReporter *reporter,
             GCancellable *cancellable,
             GError **error)
{
  BkFraction progress = { reporter, chain->backup->project_id, "copy", 0,
                          0,        bk_vm_chain_bytes (chain) };

  for (guint i = 0; i < flat->disks->len; i++)
    {
      if (!flatten_disk (chain, g_ptr_array_index (chain->point->disks, i),
                         g_ptr_array_index (flat->disks, i), writer, &progress, cancellable, error))
        return FALSE;
    }
  return bk_vm_state_copy (chain, writer, error) &&
         bk_point_writer_complete (writer, g_get_real_time (), error);
}

/* A point of a cycle goes when its cycle ends: what is pinned is a copy that stands by itself. */
static BkBackup *
pin_copy (BkRepository *repository,
          const char *full_id,
          const char *label,
          BkReporter *reporter,
          GCancellable *cancellable,
          GError **error)
{
  g_autoptr (BkVmChain) chain = bk_vm_chain_open (repository, full_id, error);
  g_autoptr (GHashTable) verified = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  /* A copy of what is broken would have right sums of wrong bytes. */
  if (chain == NULL ||
      !bk_backup_verify (repository, chain->backup, TRUE, verified, reporter, cancellable, error))
    return NULL;

  autofd int project = bk_repository_open_project (repository, chain->backup->project_id, error);
  if (project < 0)
    return NULL;

  const char *vm = chain->point->vm;
  gint64 usecs = 0;
  if (!bk_vm_find_free_time (project, vm, &usecs, error))
    return NULL;
  g_autoptr (BkVmPoint) flat = bk_vm_point_new (BK_POINT_STANDALONE, vm, chain->point->uuid);
  for (guint i = 0; i < chain->point->disks->len; i++)
    {
      const BkPointDisk *disk = g_ptr_array_index (chain->point->disks, i);
      g_autofree char *name = bk_cycle_file_name (vm, disk->target, BK_CYCLE_PART_SNAPSHOT, usecs);
      g_autofree char *file = g_strconcat (BK_POINT_DATA "/", name, NULL);

      bk_vm_point_add_disk (flat, disk->target, file, NULL, disk->capacity_bytes);
    }

  g_autofree char *id = bk_cycle_backup_id (vm, BK_CYCLE_PART_SNAPSHOT, usecs);
  BkBackup *backup = bk_backup_new (id, chain->backup->project_id, BK_BACKUP_CHECKPOINT);
  backup->created_usecs = chain->backup->created_usecs; /* the instant it shows */
  backup->tags = g_strdupv ((char *[]){ (char *) label, NULL });
  backup->extra = bk_vm_point_to_json (flat);

  g_autofree char *project_path =
      g_build_filename (bk_repository_path (repository), backup->project_id, NULL);
  g_autoptr (BkPointWriter) writer = bk_point_writer_open (project, project_path, backup, error);
  if (writer == NULL)
    return NULL;
  if (flatten_all (chain, flat, writer, reporter, cancellable, error))
    return bk_backup_copy (bk_point_writer_backup (writer));
  bk_point_discard (project, bk_point_writer_backup (writer), NULL, 0, NULL);
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
  g_autoptr (BkBackup) backup =
      bk_backup_label_check (label, error) ? bk_catalogue_find (repository, full_id, error) : NULL;
  if (backup == NULL)
    return NULL;

  g_autoptr (BkLock) lock =
      bk_repository_lock_project (repository, backup->project_id, job_id, error);
  if (lock == NULL || !belongs_to_cycle (repository, backup, &belongs, error))
    return NULL;
  if (backup->status != BK_BACKUP_COMPLETED)
    {
      bk_set_error (error, BK_ERROR_USAGE, "“%s” cannot be pinned: it did not complete", full_id);
      return NULL;
    }

  BkBackup *pinned = belongs ? pin_copy (repository, full_id, label, reporter, cancellable, error)
                             : relabel (repository, backup, label, error);
  if (pinned != NULL)
    bk_reporter_message (reporter, BK_LOG_INFO, pinned->project_id, pinned->id, "backup.pin",
                         "“%s” is pinned as “%s”", pinned->id, label);
  return pinned;
}
