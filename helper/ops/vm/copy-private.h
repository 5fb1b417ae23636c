#pragma once

#include "ops/vm/copy.h"
#include "store/repository/point-writer.h"

/* What the steps of a copy share: copy-plan.c (which disks, and how), copy-transfer.c (QEMU's
 * part) and copy.c (the files around them, commit and undo). */

/* The copy of one run while it is being made. */
typedef struct
{
  BkVmRun *run;
  gint64 usecs; /* the time in its names */
  BkVmPoint *point;
  BkVmBackup *request; /* what the hypervisor is asked for */
  BkPointWriter *writer;
  gboolean started_paused;
  gboolean began;     /* the checkpoint may exist */
  gboolean completed; /* on the disk, whatever happens after */
} BkVmCopy;

void bk_vm_copy_warn (BkVmCopy *copy, const char *format, ...) G_GNUC_PRINTF (2, 3);

const char *bk_vm_copy_part (BkPointKind kind);
void bk_vm_copy_plan (BkVmCopy *copy, BkPointKind kind);
gboolean bk_vm_copy_plan_without (BkVmCopy *copy, const char *lost_disk, GError **error);

gboolean bk_vm_copy_create_targets (BkVmCopy *copy, GError **error);
gboolean bk_vm_copy_transfer (BkVmCopy *copy, GError **error);
