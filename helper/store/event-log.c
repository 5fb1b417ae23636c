#include "store/event-log.h"

#include "base/atomic-file.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/json-text.h"
#include "base/lock.h"
#include "base/path.h"
#include "base/timestamp.h"
#include "format/event-snapshot.h"
#include "format/json.h"
#include "store/event-log-tail.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIRECTORY_MODE 0700
#define FILE_MODE 0600
#define CLOSING "\n]\n"
#define TEXT_MAX_BYTES 4096
#define FIRST_READ_BYTES (8 * 1024)
#define PAYLOAD_MAX_BYTES (BK_EVENT_WRITE_MAX_BYTES - 40 * 1024)

static const BkEventLogLimits default_limits = {
  .events_per_segment = 10000,
  .snapshot_every = 1000,
  .keep_segments = 30,
};

typedef enum
{
  SNAPSHOT_UNCHECKED,
  SNAPSHOT_SOUND,    /* it names an event that is in the log, or there is none */
  SNAPSHOT_IN_DOUBT, /* it cannot be read, or names an event that is not in the log */
} SnapshotState;

struct _BkEventLog
{
  int data_dirfd;
  BkEventLogLimits limits;
  BkEventHasher *hasher;

  /* What is known of the log, as long as nobody else wrote to it. */
  gboolean loaded;
  int log_dirfd;
  int segment_fd;
  ino_t segment_inode;
  guint64 segment; /* 0: there is none yet */
  guint64 segment_events;
  BkEventTail tail;

  guint64 snapshot_events; /* that the snapshot on disk counts */
  SnapshotState snapshot_state;
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

static gboolean
segment_exists (BkEventLog *log, guint64 segment)
{
  g_autofree char *name = bk_event_segment_name (segment);

  return faccessat (log->log_dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Whether what we know is what is there: nobody else wrote since. */
static gboolean
is_current (BkEventLog *log)
{
  g_autofree char *name = bk_event_segment_name (log->segment);
  g_autofree char *path = g_build_filename (BK_EVENT_LOG_DIRECTORY, name, NULL);
  struct stat st;

  return log->loaded && log->segment > 0 && fstatat (log->data_dirfd, path, &st, 0) == 0 &&
         st.st_ino == log->segment_inode && (guint64) st.st_size == log->tail.size_bytes &&
         !segment_exists (log, log->segment + 1);
}

static GArray *
list_segments (BkEventLog *log, GError **error)
{
  g_autoptr (GPtrArray) names = bk_list_directory (log->log_dirfd, error);

  if (names == NULL)
    return NULL;

  GArray *segments = g_array_new (FALSE, FALSE, sizeof (guint64));
  for (guint i = 0; i < names->len; i++)
    {
      guint64 segment;

      if (bk_event_segment_number (g_ptr_array_index (names, i), &segment))
        g_array_append_val (segments, segment);
    }
  return segments;
}

/* The snapshot is never far from the end: from it the last segment is found without a listing. */
static gboolean
find_last_segment (BkEventLog *log, const BkEventSnapshot *snapshot, GError **error)
{
  log->segment = 0;
  if (snapshot != NULL && segment_exists (log, snapshot->last_segment))
    log->segment = snapshot->last_segment;
  else
    {
      g_autoptr (GArray) segments = list_segments (log, error);

      if (segments == NULL)
        return FALSE;
      if (segments->len > 0)
        log->segment = g_array_index (segments, guint64, segments->len - 1);
    }
  while (log->segment > 0 && segment_exists (log, log->segment + 1))
    log->segment++;
  return TRUE;
}

typedef struct
{
  const BkEventSnapshot *wanted; /* (nullable) */
  guint64 index;
  gboolean found;
  guint64 first_seq; /* 0: the first event has no number */
  char *first_previous_hash;
} SegmentScan;

static void
segment_scan_clear (SegmentScan *scan)
{
  g_free (scan->first_previous_hash);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SegmentScan, segment_scan_clear)

static void
scan_event (const BkEvent *event, gpointer user_data)
{
  SegmentScan *scan = user_data;

  if (scan->index == 0)
    {
      scan->first_previous_hash = bk_text_dup (&event->previous_hash);
      scan->first_seq = event->hash_version > 0 ? event->seq : 0;
    }
  if (scan->wanted != NULL && scan->index == scan->wanted->last_index_in_segment)
    scan->found = bk_text_is (&event->id, scan->wanted->last_event_id) &&
                  bk_text_is (&event->current_hash, scan->wanted->last_current_hash);
  scan->index++;
}

/* Streams a segment through @scan; @first_only stops after some events. */
static gboolean
scan_segment (
    BkEventLog *log, guint64 segment, SegmentScan *scan, gboolean first_only, GError **error)
{
  g_autofree char *name = bk_event_segment_name (segment);
  gsize read_bytes = first_only ? FIRST_READ_BYTES : BK_EVENT_TAIL_MAX_BYTES;
  g_autofree char *buffer = g_malloc (read_bytes);
  g_autoptr (BkEventParser) parser = bk_event_parser_new ();
  autofd int fd = bk_open_file_at (log->log_dirfd, name, error);
  ssize_t n = 1;

  if (fd < 0)
    return FALSE;
  while (n > 0 && !(first_only && scan->index > 0))
    {
      n = read (fd, buffer, read_bytes);
      if (n < 0 && errno != EINTR)
        return bk_error_set_errno (error, errno, "Reading “%s” failed", name);
      /* What cannot be read is verify's to name; here the events before it are enough. */
      if (n > 0 && !bk_event_parser_feed (parser, buffer, (gsize) n, scan_event, scan, NULL))
        return TRUE;
      n = n < 0 ? 1 : n;
    }
  return TRUE;
}

static gboolean
read_tail (BkEventLog *log, guint64 segment, BkEventTail *tail, int *fd_out, GError **error)
{
  g_autofree char *name = bk_event_segment_name (segment);
  autofd int fd = openat (log->log_dirfd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

  if (fd < 0)
    return bk_error_set_errno (error, errno, "“%s” cannot be opened", name);
  memset (tail, 0, sizeof *tail);
  if (!bk_event_tail_read (fd, name, tail, error))
    return FALSE;
  if (fd_out != NULL)
    *fd_out = bk_fd_steal (&fd);
  return TRUE;
}

/* How many events the last segment has: by their numbers where they have some. */
static gboolean
count_segment_events (BkEventLog *log, GError **error)
{
  g_auto (SegmentScan) scan = { 0 };
  g_auto (SegmentScan) whole = { 0 };

  if (!scan_segment (log, log->segment, &scan, TRUE, error))
    return FALSE;
  if (scan.first_seq > 0 && log->tail.head.seq >= scan.first_seq)
    {
      log->segment_events = log->tail.head.seq - scan.first_seq + 1;
      return TRUE;
    }
  if (!scan_segment (log, log->segment, &whole, FALSE, error))
    return FALSE;
  log->segment_events = whole.index;
  return TRUE;
}

static gboolean
load_segment (BkEventLog *log, GError **error)
{
  struct stat st;

  bk_fd_clear (&log->segment_fd);
  memset (&log->tail, 0, sizeof log->tail);
  log->segment_events = 0;
  if (log->segment == 0)
    return TRUE;
  if (!read_tail (log, log->segment, &log->tail, &log->segment_fd, error))
    return FALSE;
  for (guint64 before = log->segment - 1;
       log->tail.head.hash[0] == '\0' && before > 0 && segment_exists (log, before); before--)
    {
      BkEventTail tail;

      if (!read_tail (log, before, &tail, NULL, error))
        return FALSE;
      log->tail.head = tail.head;
    }
  if (fstat (log->segment_fd, &st) == 0)
    log->segment_inode = st.st_ino;
  return !log->tail.appendable || count_segment_events (log, error);
}

static gboolean
read_snapshot (BkEventLog *log, BkEventSnapshot **snapshot, gboolean *exists, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GBytes) bytes = bk_read_small_file (log->data_dirfd, BK_EVENT_SNAPSHOT_NAME,
                                                 BK_EVENT_SNAPSHOT_MAX_BYTES, &local_error);
  gsize length_bytes;

  *exists = bytes != NULL || !g_error_matches (local_error, BK_ERROR, BK_ERROR_NOT_FOUND);
  *snapshot = NULL;
  if (bytes == NULL)
    return !*exists || bk_error_code (local_error) == BK_ERROR_INTEGRITY ||
           (g_propagate_error (error, g_steal_pointer (&local_error)), FALSE);

  const char *text = g_bytes_get_data (bytes, &length_bytes);
  *snapshot = bk_event_snapshot_from_json (text, length_bytes, NULL);
  return TRUE;
}

static gboolean
load (BkEventLog *log, GError **error)
{
  g_autoptr (BkEventSnapshot) snapshot = NULL;
  gboolean exists;

  log->loaded = FALSE;
  bk_fd_clear (&log->log_dirfd);
  log->log_dirfd =
      bk_make_directory_at (log->data_dirfd, BK_EVENT_LOG_DIRECTORY, DIRECTORY_MODE, error);
  if (log->log_dirfd < 0 || !read_snapshot (log, &snapshot, &exists, error) ||
      !find_last_segment (log, snapshot, error) || !load_segment (log, error))
    return FALSE;
  log->snapshot_events = snapshot == NULL ? 0 : snapshot->total_events;
  log->snapshot_state = exists ? SNAPSHOT_UNCHECKED : SNAPSHOT_SOUND;
  log->loaded = TRUE;
  return TRUE;
}

static gboolean
write_at (int fd, const char *data, gsize length_bytes, guint64 offset)
{
  while (length_bytes > 0)
    {
      ssize_t n = pwrite (fd, data, length_bytes, (off_t) offset);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return FALSE;
      data += n;
      length_bytes -= (gsize) n;
      offset += (guint64) n;
    }
  return TRUE;
}

/* @text: events, each with the line end that closes the line before it, and a comma before that. */
static gboolean
extend_segment (BkEventLog *log, GString *text, GError **error)
{
  g_autofree char *name = bk_event_segment_name (log->segment);
  guint64 good_bytes = log->tail.good_bytes;
  gsize events_bytes = text->len;

  g_string_append (text, CLOSING);
  if (!write_at (log->segment_fd, text->str, text->len, good_bytes) ||
      fdatasync (log->segment_fd) < 0)
    {
      int errnum = errno;

      /* Readers find the segment whole again; whatever of this fails, the next load repairs. */
      if (ftruncate (log->segment_fd, (off_t) good_bytes) == 0)
        write_at (log->segment_fd, CLOSING, strlen (CLOSING), good_bytes);
      log->loaded = FALSE;
      return bk_error_set_errno (error, errnum, "The event log's “%s” cannot be written", name);
    }
  log->tail.good_bytes = good_bytes + events_bytes;
  log->tail.size_bytes = good_bytes + text->len;
  return TRUE;
}

static gboolean
create_segment (BkEventLog *log, GString *text, GError **error)
{
  g_autofree char *name = bk_event_segment_name (log->segment + 1);
  struct stat st;

  /* The first event of a segment has no comma before it. */
  text->str[0] = '[';
  gsize events_bytes = text->len;
  g_string_append (text, CLOSING);
  log->loaded = FALSE;
  if (!bk_atomic_write (log->log_dirfd, name, text->str, text->len, FILE_MODE, error))
    return FALSE;

  bk_fd_clear (&log->segment_fd);
  log->segment_fd = openat (log->log_dirfd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (log->segment_fd < 0 || fstat (log->segment_fd, &st) < 0)
    return bk_error_set_errno (error, errno, "“%s” cannot be opened", name);
  log->segment++;
  log->segment_inode = st.st_ino;
  log->tail.good_bytes = events_bytes;
  log->tail.size_bytes = text->len;
  log->tail.appendable = TRUE;
  log->loaded = TRUE;
  return TRUE;
}

static gboolean
write_snapshot (BkEventLog *log, GError **error)
{
  BkEventHead *head = &log->tail.head;
  g_autofree char *text = bk_event_snapshot_to_json (&(BkEventSnapshot){
      .last_segment = log->segment,
      .last_index_in_segment = log->segment_events - 1,
      .last_event_id = head->id,
      .last_current_hash = head->hash,
      .last_timestamp = head->timestamp,
      .total_events = head->seq,
  });

  if (!bk_atomic_write (log->data_dirfd, BK_EVENT_SNAPSHOT_NAME, text, strlen (text), FILE_MODE,
                        error))
    return FALSE;
  log->snapshot_events = head->seq;
  log->snapshot_state = SNAPSHOT_SOUND;
  return TRUE;
}

/* A snapshot of events that the log does not have must stay as it is. */
static gboolean
snapshot_is_sound (BkEventLog *log)
{
  g_autoptr (BkEventSnapshot) snapshot = NULL;
  gboolean exists;

  if (log->snapshot_state != SNAPSHOT_UNCHECKED || !read_snapshot (log, &snapshot, &exists, NULL))
    return log->snapshot_state == SNAPSHOT_SOUND;

  g_auto (SegmentScan) scan = { .wanted = snapshot };
  gboolean found = snapshot != NULL && segment_exists (log, snapshot->last_segment) &&
                   scan_segment (log, snapshot->last_segment, &scan, FALSE, NULL) && scan.found;

  log->snapshot_state = found || !exists ? SNAPSHOT_SOUND : SNAPSHOT_IN_DOUBT;
  return log->snapshot_state == SNAPSHOT_SOUND;
}

/* The events are durable already: that a snapshot could not be written is no reason to say that they
 * are not. The next append tries again. */
static void
update_snapshot (BkEventLog *log)
{
  guint64 seq = log->tail.head.seq;
  gboolean due =
      log->snapshot_events > seq || seq - log->snapshot_events >= log->limits.snapshot_every;

  if (due && snapshot_is_sound (log))
    write_snapshot (log, NULL);
}

static char *
bounded_text (const char *text)
{
  g_autofree char *valid = bk_error_one_line (text == NULL ? "" : text);

  if (strlen (valid) <= TEXT_MAX_BYTES)
    return g_steal_pointer (&valid);
  valid[TEXT_MAX_BYTES] = '\0';
  return g_utf8_make_valid (valid, -1);
}

static gboolean
canonical_payload (JsonObject *payload, GString *out, GError **error)
{
  if (payload == NULL)
    {
      g_string_append (out, "{}");
      return TRUE;
    }
  g_autoptr (JsonNode) node = bk_json_object_node (json_object_ref (payload));
  g_autofree char *text = bk_json_to_text (node, FALSE);

  if (!bk_json_append_canonical (out, text, strlen (text), error))
    {
      g_prefix_error (error, "The event's payload: ");
      return FALSE;
    }
  if (out->len > PAYLOAD_MAX_BYTES)
    {
      g_autofree char *sha256 = bk_sha256_hex_of (out->str, out->len);
      gsize length_bytes = out->len;

      g_string_printf (out, "{\"omitted_bytes\":%" G_GSIZE_FORMAT ",\"sha256\":\"%s\"}",
                       length_bytes, sha256);
    }
  return TRUE;
}

/* Appends ",\n" and the event to @text, and makes it the log's head. */
static void
format_event (BkEventLog *log, const BkEventRecord *record, const GString *payload, GString *text)
{
  g_autofree char *id = g_uuid_string_random ();
  g_autofree char *timestamp = bk_time_to_iso (g_get_real_time ());
  g_autofree char *actor = bounded_text (record->actor);
  g_autofree char *evento = bounded_text (record->evento);
  g_autofree char *entidade = bounded_text (record->entidade);
  g_autofree char *entidade_id = bounded_text (record->entidade_id);
  BkEventHead *head = &log->tail.head;
  char payload_hash[BK_SHA256_HEX_LENGTH + 1];
  char current_hash[BK_SHA256_HEX_LENGTH + 1];
  BkEvent event = {
    .id = bk_text (id),
    .timestamp = bk_text (timestamp),
    .actor = bk_text (actor),
    .evento = bk_text (evento),
    .entidade = bk_text (entidade),
    .entidade_id = bk_text (entidade_id),
    .previous_hash = bk_text (head->hash[0] == '\0' ? NULL : head->hash),
    .hash_version = 1,
    .seq = head->seq + 1,
    .payload = { payload->str, payload->len },
  };

  bk_event_hasher_payload (log->hasher, &event.payload, payload_hash);
  event.payload_hash = bk_text (payload_hash);
  bk_event_hasher_event (log->hasher, &event, current_hash);
  event.current_hash = bk_text (current_hash);

  g_string_append (text, ",\n");
  bk_event_append_json (text, &event);
  bk_event_head_set (head, &event);
}

/* Makes what was formatted durable. */
static gboolean
flush (BkEventLog *log, GString *text, guint64 *pending_count, GError **error)
{
  gboolean extend = log->segment > 0 && log->tail.appendable &&
                    log->segment_events < log->limits.events_per_segment;

  if (*pending_count == 0)
    return TRUE;
  if (!extend)
    log->segment_events = 0;
  if (!(extend ? extend_segment (log, text, error) : create_segment (log, text, error)))
    return FALSE;
  log->segment_events += *pending_count;
  *pending_count = 0;
  g_string_truncate (text, 0);
  update_snapshot (log);
  return TRUE;
}

static guint64
room_in_segment (const BkEventLog *log)
{
  if (log->segment == 0 || !log->tail.appendable ||
      log->segment_events >= log->limits.events_per_segment)
    return log->limits.events_per_segment;
  return log->limits.events_per_segment - log->segment_events;
}

static gboolean
append_locked (BkEventLog *log, const BkEventRecord *records, guint records_count, GError **error)
{
  g_autoptr (GString) text = g_string_sized_new (4096);
  g_autoptr (GString) payload = g_string_new (NULL);
  guint64 pending_count = 0;

  for (guint i = 0; i < records_count; i++)
    {
      g_string_truncate (payload, 0);
      if (!canonical_payload (records[i].payload, payload, error))
        {
          log->loaded = FALSE; /* its head may be ahead of what is written */
          return FALSE;
        }
      format_event (log, &records[i], payload, text);
      pending_count++;
      if ((pending_count == room_in_segment (log) ||
           text->len >= BK_EVENT_TAIL_MAX_BYTES - BK_EVENT_WRITE_MAX_BYTES) &&
          !flush (log, text, &pending_count, error))
        return FALSE;
    }
  return flush (log, text, &pending_count, error);
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
  return append_locked (log,
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

  if (lock == NULL || (!is_current (log) && !load (log, error)) ||
      (log->tail.torn_bytes > 0 && !recover (log, error)))
    return NULL;
  return g_steal_pointer (&lock);
}

static void
remove_segments (BkEventLog *log, guint64 first_kept, guint64 *removed_count)
{
  g_autoptr (GPtrArray) names = bk_list_directory (log->log_dirfd, NULL);

  for (guint i = 0; names != NULL && i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      guint64 segment;

      /* Sorted by name, so the oldest goes first. What cannot be removed, the next pruning finds. */
      if (bk_event_segment_number (name, &segment) && segment < first_kept &&
          unlinkat (log->log_dirfd, name, 0) == 0)
        ++*removed_count;
      else if (g_str_has_prefix (name, BK_TEMPORARY_PREFIX))
        unlinkat (log->log_dirfd, name, 0);
    }
  bk_sync_directory (log->log_dirfd, BK_EVENT_LOG_DIRECTORY, NULL);
}

/* Order: the event (which alone makes it valid), then the anchor, then the removal. */
static gboolean
prune_to (
    BkEventLog *log, guint64 first_kept, const char *actor, guint64 *removed_count, GError **error)
{
  g_auto (SegmentScan) scan = { 0 };

  if (!scan_segment (log, first_kept, &scan, TRUE, error))
    return FALSE;
  if (!bk_sha256_is_hex (scan.first_previous_hash))
    {
      g_autofree char *name = bk_event_segment_name (first_kept);

      g_set_error (error, BK_ERROR, BK_ERROR_INTEGRITY,
                   "The event log is not pruned: “%s” does not say what it follows from", name);
      return FALSE;
    }

  g_autofree char *text = bk_event_anchor_to_json (&(BkEventAnchor){
      .first_segment = first_kept,
      .previous_hash = scan.first_previous_hash,
      .last_seq = scan.first_seq > 0 ? scan.first_seq - 1 : 0,
  });
  g_autoptr (JsonObject) payload = bk_json_parse_object (text, -1, "anchor", error);
  BkEventRecord record = { actor, BK_EVENT_LOG_PRUNED, "event-log", "default", payload };

  if (payload == NULL || !append_locked (log, &record, 1, error) ||
      !bk_atomic_write (log->data_dirfd, BK_EVENT_ANCHOR_NAME, text, strlen (text), FILE_MODE,
                        error))
    return FALSE;
  remove_segments (log, first_kept, removed_count);
  return TRUE;
}

static gboolean
prune_locked (BkEventLog *log,
              guint64 keep_segments,
              const char *actor,
              guint64 *removed_count,
              GError **error)
{
  g_autoptr (GArray) segments = list_segments (log, error);
  g_autoptr (BkEventSnapshot) snapshot = NULL;
  gboolean exists;

  if (segments == NULL)
    return FALSE;
  if (keep_segments == 0 || segments->len <= keep_segments)
    return TRUE;
  /* Only up to the snapshot's segment, and not at all while the snapshot is in doubt. */
  if (!read_snapshot (log, &snapshot, &exists, error))
    return FALSE;
  if (snapshot == NULL || !snapshot_is_sound (log))
    return TRUE;

  guint64 first_kept = g_array_index (segments, guint64, segments->len - (guint) keep_segments);
  return prune_to (log, MIN (first_kept, snapshot->last_segment), actor, removed_count, error);
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
  if (!append_locked (log, records, records_count, error))
    return FALSE;
  /* The events are recorded: that pruning fails is for the next rotation to mend. */
  if (log->segment != segment && segment > 0)
    prune_locked (log, log->limits.keep_segments, "cockpit-backup", &removed_count, NULL);
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
  return lock != NULL && prune_locked (log, MAX (keep_segments, 1), actor, removed_count, error);
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

  if (g_mkdir_with_parents (state_dir, 0711) < 0)
    return bk_error_set_errno (error, errno, "The directory “%s” cannot be made", state_dir);

  g_autoptr (BkEventLog) log = bk_event_log_open (state_dir, NULL, error);
  return log != NULL && bk_event_log_append (log, &record, 1, error);
}
