#pragma once

#include "base/reporter.h"
#include "format/event-package.h"
#include "model/settings.h"

#include <gio/gio.h>

typedef struct
{
  const BkSettings *settings;
  const char *actor;
  const char *package; /* a path, or the id of a backup in the repository */
  const char *target_dir;
  gboolean overwrite;
  gboolean accept_broken; /* also a log whose chain is broken */
} BkEventLogRestoreRequest;

typedef struct
{
  char *package_path;
  char *target_dir;
  BkEventManifest *manifest;
  BkChainVerdict *verdict;
} BkEventLogRestoreResult;

BkEventLogRestoreResult *bk_event_log_restore (const BkEventLogRestoreRequest *request,
                                               BkReporter *reporter,
                                               GCancellable *cancellable,
                                               GError **error);
void bk_event_log_restore_result_free (BkEventLogRestoreResult *result);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkEventLogRestoreResult, bk_event_log_restore_result_free)
