#include "store/event-log/private.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/lock.h"
#include "base/path.h"

#include <errno.h>

static const BkEventLogLimits default_limits = {
  .events_per_segment = 10000,
  .snapshot_every = 1000,
  .keep_segments = 30,
};

/**
 * bk_event_log_open:
 * @data_dir: an absolute path; it must exist. "event-log" in it is made by the first append
 * @limits: (nullable): the defaults when %NULL
 *
 * Returns: (transfer full) (nullable)
 */
BkEventLog *
bk_event_log_open (const char *data_dir, const BkEventLogLimits *limits, GError **error)
{
  int data_dirfd = bk_open_directory (data_dir, error);

  if (data_dirfd < 0)
    return NULL;

  BkEventLog *self = g_new0 (BkEventLog, 1);
  self->data_dirfd = data_dirfd;
  self->limits = limits == NULL ? default_limits : *limits;
  self->hasher = bk_event_hasher_new ();
  self->log_dirfd = -1;
  self->segment_fd = -1;
  return self;
}

void
bk_event_log_free (BkEventLog *log)
{
  bk_fd_clear (&log->data_dirfd);
  bk_fd_clear (&log->log_dirfd);
  bk_fd_clear (&log->segment_fd);
  bk_event_hasher_free (log->hasher);
  g_free (log);
}

/* Cuts off what a writer that died left behind, and records that. */
static gboolean
recover (BkEventLog *log, GError **error)
{
  g_autofree char *name = bk_event_segment_name (log->segment);
  g_autofree char *sha256 = NULL;
  g_autoptr (JsonObject) payload = json_object_new ();

  if (!bk_event_tail_cut (log->log_dirfd, log->segment_fd, name, &log->tail, &sha256, error))
    return FALSE;
  json_object_set_string_member (payload, "segment", name);
  json_object_set_int_member (payload, "cut_bytes", (gint64) log->tail.torn_bytes);
  json_object_set_string_member (payload, "sha256", sha256);
  log->tail.torn_bytes = 0;
  return bk_event_log_append_locked (log,
                                     &(BkEventRecord){ .actor = "cockpit-backup",
                                                       .evento = BK_EVENT_LOG_RECOVERED,
                                                       .entidade = "event-log",
                                                       .entidade_id = name,
                                                       .payload = payload },
                                     1, error);
}

static BkLock *
lock_and_load (BkEventLog *log, GError **error)
{
  g_autoptr (BkLock) lock = bk_lock_wait (log->data_dirfd, BK_EVENT_LOG_LOCK_NAME, error);

  if (lock == NULL || (!bk_event_log_is_current (log) && !bk_event_log_load (log, error)) ||
      (log->tail.torn_bytes > 0 && !recover (log, error)))
    return NULL;
  return g_steal_pointer (&lock);
}

/**
 * bk_event_log_append:
 * @records: in this order; actor, evento, entidade and entidade_id are not trusted to be UTF-8
 *
 * When it returns %TRUE the events are on the disk. On an error some of the first may be.
 */
gboolean
bk_event_log_append (BkEventLog *log,
                     const BkEventRecord *records,
                     guint records_count,
                     GError **error)
{
  g_autoptr (BkLock) lock = lock_and_load (log, error);
  guint64 removed_count = 0;

  if (lock == NULL)
    return FALSE;

  guint64 segment = log->segment;
  if (!bk_event_log_append_locked (log, records, records_count, error))
    return FALSE;
  /* The events are recorded: that pruning fails is for the next rotation to mend. */
  if (log->segment != segment && segment > 0)
    bk_event_log_prune_locked (log, log->limits.keep_segments, "cockpit-backup", &removed_count,
                               NULL);
  return TRUE;
}

/**
 * bk_event_log_prune:
 * @keep_segments: at least 1
 * @removed_count: (out): of segments
 *
 * Removes the oldest segments, after it recorded that. The log verifies from the anchor then.
 */
gboolean
bk_event_log_prune (BkEventLog *log,
                    guint64 keep_segments,
                    const char *actor,
                    guint64 *removed_count,
                    GError **error)
{
  g_autoptr (BkLock) lock = lock_and_load (log, error);

  *removed_count = 0;
  return lock != NULL &&
         bk_event_log_prune_locked (log, MAX (keep_segments, 1), actor, removed_count, error);
}

/**
 * bk_event_record:
 * @state_dir: of the settings; made if it is missing
 * @actor: the person
 * @evento: one of the BK_EVENT_ words
 * @entidade: what kind of thing: "vm", "tree", "event-log", "backup", "settings"
 * @entidade_id: which
 * @payload: (nullable)
 *
 * Records one change in our own event log. When it returns %TRUE the event is on the disk.
 */
gboolean
bk_event_record (const char *state_dir,
                 const char *actor,
                 const char *evento,
                 const char *entidade,
                 const char *entidade_id,
                 JsonObject *payload,
                 GError **error)
{
  BkEventRecord record = { actor, evento, entidade, entidade_id, payload };

  if (!bk_make_directories (state_dir, BK_PASSABLE_MODE))
    return bk_error_set_errno (error, errno, "The directory “%s” cannot be made", state_dir);

  g_autoptr (BkEventLog) log = bk_event_log_open (state_dir, NULL, error);
  return log != NULL && bk_event_log_append (log, &record, 1, error);
}
