#pragma once

#include "base/reporter.h"
#include "ops/vm-chain.h"

/*
 * Images on their way out of the repository: each is written whole under a temporary name beside
 * its place, and takes its place only when all of them are complete.
 */

typedef struct
{
  char *target;    /* vda */
  char *path;      /* where it will be */
  char *temporary; /* where it is until then */
  char *format;    /* qcow2 or raw */
} BkRestoreFile;

GPtrArray *bk_restore_files_new (void);
void
bk_restore_files_add (GPtrArray *files, const char *target, const char *path, const char *format);
guint64 bk_restore_files_capacity_bytes (const BkRestoreFile *file, const BkVmChain *chain);
guint64 bk_restore_files_needed_bytes (const BkVmChain *chain);
gboolean bk_restore_files_check (const GPtrArray *files,
                                 const BkVmChain *chain,
                                 gboolean overwrite,
                                 GError **error);
gboolean bk_restore_files_write (const GPtrArray *files,
                                 const BkVmChain *chain,
                                 BkReporter *reporter,
                                 GCancellable *cancellable,
                                 guint64 *size_bytes,
                                 GError **error);
gboolean bk_restore_files_place (const GPtrArray *files, gboolean overwrite, GError **error);
gboolean bk_restore_files_swap (const GPtrArray *files, GError **error);
void bk_restore_files_discard (const GPtrArray *files);
