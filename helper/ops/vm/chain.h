#pragma once

#include "model/backup.h"
#include "model/vm-point.h"
#include "ops/fraction.h"
#include "ops/vm/merging.h"
#include "store/repository/repository.h"
#include "vm/qemu-img.h"

#include <gio/gio.h>

/* A VM's backup, opened for reading its disks: what it records, and where each disk's newest file
 * lies. The files below it are found by QEMU through their backing files. */
typedef struct
{
  BkBackup *backup;
  BkVmPoint *point;
  char *directory;          /* absolute */
  guint64 total_file_bytes; /* of it and of everything it continues */
  char *project_path;       /* absolute */
  BkMerging merging;        /* when it was opened */
} BkVmChain;

BkVmChain *bk_vm_chain_open (BkRepository *repository, const char *full_id, GError **error);
void bk_vm_chain_free (BkVmChain *chain);
char *bk_vm_chain_image (const BkVmChain *chain, const BkPointDisk *disk);
gboolean bk_vm_chain_convert (const BkVmChain *chain,
                              const BkPointDisk *disk,
                              const BkQemuImgTarget *target,
                              BkFraction *progress,
                              GCancellable *cancellable,
                              GError **error);
guint64 bk_vm_chain_bytes (const BkVmChain *chain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkVmChain, bk_vm_chain_free)
