#pragma once

#include <json-glib/json-glib.h>

/*
 * What a running operation tells whoever watches it. The operation does not know who that is: the
 * job's record and the project's log, a terminal, a test.
 */

typedef enum
{
  BK_LOG_DEBUG,
  BK_LOG_INFO,
  BK_LOG_WARNING,
  BK_LOG_ERROR,
} BkLogLevel;

const char *bk_log_level_to_string (BkLogLevel level);
gboolean bk_log_level_from_string (const char *text, BkLogLevel *level);

/* One line of a log. All texts are borrowed for the call; only project_id and message are
 * required. action is a stable word ("backup.base", "hash.verify"), status one of
 * "started", "progress", "ok", "failed". */
typedef struct
{
  BkLogLevel level;
  const char *project_id;
  const char *backup_id;
  const char *action;
  const char *status;
  const char *message;
  JsonObject *details;
  const char *error;
} BkLogEntry;

/* How far a run is. total_bytes is 0 while it is not known. step is a stable word, as action. */
typedef struct
{
  const char *project_id;
  const char *step;
  guint64 done_bytes;
  guint64 total_bytes;
} BkProgress;

#define BK_TYPE_REPORTER (bk_reporter_get_type ())
G_DECLARE_INTERFACE (BkReporter, bk_reporter, BK, REPORTER, GObject)

struct _BkReporterInterface
{
  GTypeInterface parent;

  void (*log) (BkReporter *reporter, const BkLogEntry *entry);
  void (*progress) (BkReporter *reporter, const BkProgress *progress);
};

void bk_reporter_log (BkReporter *reporter, const BkLogEntry *entry);
void bk_reporter_progress (BkReporter *reporter, const BkProgress *progress);
void bk_reporter_message (BkReporter *reporter,
                          BkLogLevel level,
                          const char *project_id,
                          const char *backup_id,
                          const char *action,
                          const char *format,
                          ...) G_GNUC_PRINTF (6, 7);
