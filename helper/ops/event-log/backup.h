#pragma once

#include "base/reporter.h"
#include "format/event-package.h"
#include "model/settings.h"

#include <gio/gio.h>

typedef struct
{
  const BkSettings *settings;
  const char *actor;
  const char *data_dir;   /* (nullable): our own event log */
  const char *output_dir; /* (nullable): event-log/<name> in the repository */
  const char *name;       /* (nullable): "default" */
} BkEventLogBackupRequest;

typedef struct
{
  char *project_id; /* (nullable), as backup_id: outside the repository it is no backup of ours */
  char *backup_id;
  char *archive_path;
  char *manifest_path;
  guint64 size_bytes;
  char *sha256;
  BkEventManifest *manifest;
  BkChainVerdict *verdict;
} BkEventLogBackupResult;

BkEventLogBackupResult *bk_event_log_backup (const BkEventLogBackupRequest *request,
                                             gint64 now_usecs,
                                             BkReporter *reporter,
                                             GCancellable *cancellable,
                                             GError **error);
void bk_event_log_backup_result_free (BkEventLogBackupResult *result);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkEventLogBackupResult, bk_event_log_backup_result_free)
