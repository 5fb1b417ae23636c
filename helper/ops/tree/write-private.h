#pragma once

#include "ops/tree/links.h"
#include "ops/tree/write.h"

/* What the walk (write.c) shares with what becomes of each entry (write-record.c). */

typedef struct
{
  const BkTreeWriteRequest *request;
  BkTreeWritten *written;
  BkTreeScan *scan;
  BkNbkmWriter *manifest;
  BkTreeArchiveWriter *archive;
  BkTreeLinks *links;
  GQueue waiting; /* of Waiting, in order */
  gsize waiting_bytes;
  GError *error; /* of recording, from within the archive's report */
  gint64 next_progress_usecs;
} BkTreeWriteRun;

void
bk_tree_write_archived (gpointer input_data, const BkTreeArchiveResult *result, gpointer user_data);
gboolean bk_tree_write_propagate (BkTreeWriteRun *run, GError **error);
gboolean
bk_tree_write_bound_waiting (BkTreeWriteRun *run, GCancellable *cancellable, GError **error);
gboolean bk_tree_write_keep (BkTreeWriteRun *run, const BkTreeEntry *previous, GError **error);
gboolean bk_tree_write_keep_unchanged (BkTreeWriteRun *run,
                                       const BkTreeScanItem *item,
                                       const BkTreeEntry *previous,
                                       GCancellable *cancellable,
                                       GError **error);
gboolean bk_tree_write_store (BkTreeWriteRun *run,
                              const BkTreeScanItem *item,
                              const BkTreeEntry *previous,
                              GCancellable *cancellable,
                              GError **error);
