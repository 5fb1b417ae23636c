#pragma once

#include "base/reporter.h"
#include "format/nbkm.h"
#include "model/tree-diff.h"
#include "store/tree/archive.h"
#include "store/tree/scan.h"

/*
 * Writes one archive and one manifest of a tree: walks the sources beside the manifest before, puts
 * into the archive what is new or may differ, and records everything that is there.
 */

typedef struct
{
  int dirfd; /* where both get to */
  const char *archive_name;
  const char *manifest_name; /* under a temporary name until it is whole */
  const BkTreeRules *rules;
  BkTreeArchiveOptions archive_options;
  BkNbkmReader *previous; /* (nullable) for an incremental */
  guint8 sequence;
  gboolean use_ctime;
  const char *project_id;
  const char *backup_id;
  BkReporter *reporter;
} BkTreeWriteRequest;

typedef struct
{
  gint64 start_nsec; /* when the scan began, by the clock that stamps files */
  guint64 entries_count;
  guint64 added_count;
  guint64 modified_count;
  guint64 deleted_count;
  guint64 unchanged_count;
  guint64 carried_count;
  guint64 warnings_count;
  GPtrArray *warnings; /* of char *: the first of them */
  GStrv mounts;
  gboolean source_missing; /* one could not be looked at at all */
  guint64 archive_bytes;
  char *archive_sha256;
  guint64 manifest_bytes;
  char *manifest_sha256;
} BkTreeWritten;

/* How many warnings are kept with the backup; all are in the log up to BK_TREE_WARNINGS_LOGGED. */
#define BK_TREE_WARNINGS_KEPT 100
#define BK_TREE_WARNINGS_LOGGED 1000

BkTreeWritten *
bk_tree_write (const BkTreeWriteRequest *request, GCancellable *cancellable, GError **error);
void bk_tree_written_free (BkTreeWritten *written);
void bk_tree_written_warn (BkTreeWritten *written,
                           const BkTreeWriteRequest *request,
                           const char *format,
                           ...) G_GNUC_PRINTF (3, 4);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkTreeWritten, bk_tree_written_free)
