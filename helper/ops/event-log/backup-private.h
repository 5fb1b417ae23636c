#pragma once

#include "ops/event-log/backup.h"
#include "store/event-log/package.h"
#include "store/event-log/view.h"

/* What making the package (backup-pack.c) shares with the run around it
 * (backup.c), and the lines both log (backup-say.c). */

/* One attempt: what it reads, where it writes, what it has found. */
typedef struct
{
  const BkEventLogBackupRequest *request;
  const char *data_dir;
  const char *output_path;
  int output_dirfd;
  gint64 now_usecs;
  BkReporter *reporter;
  GCancellable *cancellable;
  BkEventLogBackupResult *result;
  BkEventLogView *view;
  BkEventVerifier *verifier;
  BkEventPackageWriter *writer;
} BkEventLogBackupRun;

void bk_event_log_backup_say (BkEventLogBackupRun *run, const char *format, ...)
    G_GNUC_PRINTF (2, 3);
void bk_event_log_backup_say_file (BkEventLogBackupRun *run, const char *path, guint64 size_bytes);

gboolean bk_event_log_backup_pack (BkEventLogBackupRun *run,
                                   int fd,
                                   GBytes **manifest_bytes,
                                   GError **error);
