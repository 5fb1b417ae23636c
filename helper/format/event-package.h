#pragma once

#include "model/event-chain.h"

#include <gio/gio.h>

/*
 * The manifest of a cold backup of an event log, in the package and beside it:
 *
 *   { "version": 1, "created_at": time, "source_dir": string,
 *     "files": [ { "path": string, "size": count, "sha256": string }, … ],
 *     "eventlog_summary": { "total_events": count, "total_segments": count,
 *                           "first_event_id": string | null, "last_event_id": string | null,
 *                           "last_current_hash": string | null, "snapshot_exists": bool },
 *     "chain_valid_at_backup": bool }
 *
 * A package holds what `files` lists, manifest.json perhaps, and nothing else. The paths are
 * "event-log/segment-NNNNNN.json", "event-log-snapshot.json" and, of a pruned log of ours,
 * "event-log-anchor.json".
 */

#define BK_EVENT_PACKAGE_PREFIX "backup-eventlog-"
#define BK_EVENT_PACKAGE_SUFFIX ".tar.gz"
#define BK_EVENT_MANIFEST_NAME "manifest.json"
#define BK_EVENT_MANIFEST_SUFFIX ".manifest.json"
#define BK_EVENT_MANIFEST_MAX_BYTES (16 * 1024 * 1024)
#define BK_EVENT_PACKAGE_FILES_MAX 100000

typedef struct
{
  char *path;
  guint64 size_bytes;
  char *sha256;
} BkEventPackageFile;

typedef struct
{
  char *created_at;
  char *source_dir;
  GPtrArray *files;    /* of BkEventPackageFile, in the order of the package */
  GHashTable *by_path; /* the same files */
  guint64 total_events;
  guint64 total_segments;
  char *first_event_id; /* (nullable), as the next two: of an empty log */
  char *last_event_id;
  char *last_current_hash;
  gboolean snapshot_exists;
  gboolean chain_valid_at_backup;
} BkEventManifest;

BkEventManifest *bk_event_manifest_new (void);
void bk_event_manifest_free (BkEventManifest *manifest);
void bk_event_manifest_add (BkEventManifest *manifest,
                            const char *path,
                            guint64 size_bytes,
                            const char *sha256);
const BkEventPackageFile *bk_event_manifest_find (const BkEventManifest *manifest,
                                                  const char *path);

char *bk_event_manifest_to_json (const BkEventManifest *manifest);
BkEventManifest *bk_event_manifest_from_json (const char *text, gsize length_bytes, GError **error);

gboolean bk_event_package_path_is_known (const char *path);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkEventManifest, bk_event_manifest_free)
