#pragma once

#include "model/cycle.h"

/*
 * What a VM's backup records about itself beyond the common metadata (metadata.json, `extra`):
 * enough to restore it without libvirt, and to take up a cycle again after a crash.
 */

typedef enum
{
  BK_POINT_BASE,
  BK_POINT_INCREMENTAL,
  BK_POINT_MERGED,
  BK_POINT_STANDALONE,
} BkPointKind;

typedef struct
{
  char *target;
  char *file;   /* relative to the backup's directory: data/<name>.qcow2 */
  char *parent; /* (nullable) of an incremental file: relative to the project's directory */
  char *image;  /* (nullable) which of the VM's images it is of: model/vm.h */
  guint64 capacity_bytes;
} BkPointDisk;

typedef struct
{
  BkPointKind kind;
  char *vm;
  char *uuid;
  char *checkpoint; /* (nullable) made in the instant of the copy */
  gboolean started_paused;
  GPtrArray *disks;    /* of BkPointDisk */
  GPtrArray *warnings; /* of char * */
} BkVmPoint;

/* Returns: (transfer none): the SHA-256 of one of a point's files. */
typedef const char *(*BkFileHashFunc) (gconstpointer hashes, const char *file);

BkVmPoint *bk_vm_point_new (BkPointKind kind, const char *vm, const char *uuid);
void bk_vm_point_free (BkVmPoint *point);
BkPointDisk *bk_vm_point_add_disk (BkVmPoint *point,
                                   const char *target,
                                   const char *file,
                                   const char *parent,
                                   guint64 capacity_bytes);
BkCycle *bk_cycle_extend (const BkCycle *cycle,
                          const BkVmPoint *point,
                          const char *backup_id,
                          BkFileHashFunc file_hash,
                          gconstpointer hashes,
                          guint max_incrementals);
char *bk_vm_checkpoint_name (gint64 usecs, guint32 random);
gboolean bk_vm_checkpoint_name_is_ours (const char *name);
const char *bk_point_kind_to_string (BkPointKind kind);
gboolean bk_point_kind_from_string (const char *text, BkPointKind *kind);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkVmPoint, bk_vm_point_free)
