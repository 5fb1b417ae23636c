#pragma once

#include "base/reporter.h"
#include "model/restore-journal.h"
#include "ops/vm/chain.h"

/*
 * What a restore writes: each file whole under a temporary name beside its place. It takes its place
 * (ops/vm/restore-place.h) only when all of them are complete.
 */

typedef struct
{
  char *path;      /* where it will be, absolute */
  char *temporary; /* where it is until then; not before there is a tag */
  char *target;    /* of an image: vda; NULL for a small file */
  char *format;    /* of an image: qcow2 or raw */
  GBytes *content; /* of a small file */
} BkRestoreFile;

GPtrArray *bk_restore_files_new (void);
void
bk_restore_files_add (GPtrArray *files, const char *target, const char *path, const char *format);
void bk_restore_files_add_small (GPtrArray *files, const char *path, GBytes *content);
void bk_restore_files_set_tag (GPtrArray *files, const char *tag);
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
gboolean bk_restore_files_keep_owners (const GPtrArray *files, GError **error);
