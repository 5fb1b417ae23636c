#pragma once

#include "base/lock.h"
#include "format/job-json.h"

#include <gio/gio.h>

/*
 * <runtime_dir>/jobs/, root's only:
 *
 *   <id>.json    the job's record, written atomically by the job's process
 *   <id>.lock    held by that process while it lives, however it dies
 *   <id>.cancel  made by whoever wants it to stop; the process watches for it
 */

#define BK_JOB_RECORD_SUFFIX ".json"
#define BK_JOB_LOCK_SUFFIX ".lock"
#define BK_JOB_CANCEL_SUFFIX ".cancel"

/* How much history is kept. */
#define BK_JOB_KEEP_COUNT 200
#define BK_JOB_KEEP_DAYS 30

#define BK_TYPE_JOB_STORE (bk_job_store_get_type ())
G_DECLARE_FINAL_TYPE (BkJobStore, bk_job_store, BK, JOB_STORE, GObject)

BkJobStore *bk_job_store_open (const char *runtime_dir, GError **error);
int bk_job_store_fd (BkJobStore *store);

gboolean bk_job_store_write (BkJobStore *store, const BkJob *job, GError **error);
BkJob *bk_job_store_read_stored (BkJobStore *store, const char *id, GError **error);
BkJob *bk_job_store_read (BkJobStore *store, const char *id, gint64 now_usecs, GError **error);
GPtrArray *bk_job_store_list (BkJobStore *store, gint64 now_usecs, GError **error);

BkLock *bk_job_store_lock (BkJobStore *store, const char *id, GError **error);
gboolean bk_job_store_is_locked (BkJobStore *store, const char *id);

gboolean bk_job_store_ask_to_cancel (BkJobStore *store, const char *id, GError **error);
gboolean bk_job_store_is_asked_to_cancel (BkJobStore *store, const char *id);

void bk_job_store_forget (BkJobStore *store, const char *id);
void bk_job_store_prune (BkJobStore *store, gint64 now_usecs);
