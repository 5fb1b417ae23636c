#pragma once

#include <glib.h>

/*
 * A VM's cycle: its Base, then its Incrementals, then the Consolidation into a Full-Merged.
 * The value is what manifest.json records while a cycle is active.
 */

typedef enum
{
  BK_CYCLE_ACTIVE,
  BK_CYCLE_CONSOLIDATING, /* the merge has begun: it must be finished, whatever happens */
} BkCycleStatus;

typedef enum
{
  BK_STEP_BASE,
  BK_STEP_INCREMENTAL,
  BK_STEP_CONSOLIDATION,
} BkCycleStep;

/* How the incrementals become one with their base. */
typedef enum
{
  BK_MERGE_AUTO,     /* asked for: clone where the file system can, else in place */
  BK_MERGE_IN_PLACE, /* committed into the base itself; once begun it must be finished */
  BK_MERGE_COPY,     /* written anew and compared; can be thrown away */
  BK_MERGE_CLONE,    /* committed into a clone of the base; can be thrown away */
} BkMergeMode;

/* One disk's chain. Paths are relative to the project's directory. */
typedef struct
{
  char *target;
  char *base_full_file;
  char *base_full_hash_sha256;  /* the family hash */
  GPtrArray *incremental_files; /* of char *, oldest first */
  char *image;                  /* (nullable) which of the VM's images it is of: model/vm.h */
} BkCycleDisk;

typedef struct
{
  BkCycleStatus status;
  char *vm;
  char *uuid;
  char *last_checkpoint_name; /* (nullable) no disk of it can record what changed */
  guint max_incrementals;     /* what it was when the cycle was last extended */
  GPtrArray *backup_ids;      /* of char *: the Base's, then each Incremental's */
  GPtrArray *disks;           /* of BkCycleDisk */
  char *merged_id;            /* (nullable) while consolidating: the id of what it becomes */
  BkMergeMode merge;          /* while consolidating: how; never auto */
} BkCycle;

BkCycle *bk_cycle_new (const char *vm, const char *uuid);
BkCycle *bk_cycle_copy (const BkCycle *cycle);
void bk_cycle_free (BkCycle *cycle);
const BkCycleDisk *bk_cycle_find_disk (const BkCycle *cycle, const char *target);
BkCycleDisk *
bk_cycle_set_disk_base (BkCycle *cycle, const char *target, const char *file, const char *sha256);
const char *bk_cycle_disk_top (const BkCycleDisk *disk);
guint bk_cycle_incrementals_count (const BkCycle *cycle);
const char *bk_cycle_newest_backup_id (const BkCycle *cycle);

gboolean bk_cycle_names_backup (const BkCycle *cycle, const char *backup_id);
gboolean bk_cycle_is_merging_into (const BkCycle *cycle, const char *backup_id);

BkCycleStep bk_cycle_next_step (const BkCycle *cycle, guint max_incrementals);
const char *bk_cycle_step_to_string (BkCycleStep step);

const char *bk_merge_mode_to_string (BkMergeMode mode);
gboolean bk_merge_mode_from_string (const char *text, BkMergeMode *mode);
BkMergeMode bk_merge_mode_of_request (BkMergeMode asked, gboolean compress);
gboolean bk_cycle_can_be_reactivated (const BkCycle *cycle);
BkCycle *bk_cycle_begin_merge (const BkCycle *cycle, const char *merged_id, BkMergeMode mode);
BkCycle *bk_cycle_reactivate (const BkCycle *cycle);

char *bk_cycle_backup_id (const char *vm, const char *part, gint64 usecs);
gboolean bk_cycle_is_backup_id (const char *vm, const char *part, const char *name);
gint64 bk_cycle_backup_time (const char *backup_id);
gint64 bk_cycle_next_time (const char *vm, const GPtrArray *names, gint64 now_usecs);
char *bk_cycle_file_name (const char *vm, const char *target, const char *part, gint64 usecs);

#define BK_CYCLE_PART_BASE "Base"
#define BK_CYCLE_PART_INCREMENTAL "Inc"
#define BK_CYCLE_PART_MERGED "Full-Merged"
#define BK_CYCLE_PART_SNAPSHOT "Snapshot"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkCycle, bk_cycle_free)
