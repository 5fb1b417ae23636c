/* Writing events: from what the caller records to hashed lines that are durable in a segment, and the
 * snapshot after them. */
#include "store/event-log/private.h"

#include "base/atomic-file.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/json-text.h"
#include "base/timestamp.h"
#include "base/write.h"
#include "format/json.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLOSING "\n]\n"
#define TEXT_MAX_BYTES 4096
#define PAYLOAD_MAX_BYTES (BK_EVENT_WRITE_MAX_BYTES - 40 * 1024)

/* @text: events, each with the line end that closes the line before it, and a comma before that. */
static gboolean
extend_segment (BkEventLog *log, GString *text, GError **error)
{
  g_autofree char *name = bk_event_segment_name (log->segment);
  guint64 good_bytes = log->tail.good_bytes;
  gsize events_bytes = text->len;

  g_string_append (text, CLOSING);
  if (!bk_write_all_at (log->segment_fd, text->str, text->len, good_bytes) ||
      fdatasync (log->segment_fd) < 0)
    {
      int errnum = errno;

      /* Readers find the segment whole again; whatever of this fails, the next load repairs. */
      if (ftruncate (log->segment_fd, (off_t) good_bytes) == 0)
        bk_write_all_at (log->segment_fd, CLOSING, strlen (CLOSING), good_bytes);
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
  if (!bk_atomic_write (log->log_dirfd, name, text->str, text->len, BK_EVENT_LOG_FILE_MODE, error))
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

  if (!bk_atomic_write (log->data_dirfd, BK_EVENT_SNAPSHOT_NAME, text, strlen (text),
                        BK_EVENT_LOG_FILE_MODE, error))
    return FALSE;
  log->snapshot_events = head->seq;
  log->snapshot_state = BK_EVENT_SNAPSHOT_SOUND;
  return TRUE;
}

/**
 * bk_event_log_check_snapshot:
 *
 * A snapshot of events that the log does not have must stay as it is.
 *
 * Returns: whether the snapshot on disk names an event that is in the log, or there is none.
 */
gboolean
bk_event_log_check_snapshot (BkEventLog *log)
{
  g_autoptr (BkEventSnapshot) snapshot = NULL;
  gboolean exists;

  if (log->snapshot_state != BK_EVENT_SNAPSHOT_UNCHECKED ||
      !bk_event_log_read_snapshot (log, &snapshot, &exists, NULL))
    return log->snapshot_state == BK_EVENT_SNAPSHOT_SOUND;

  g_auto (BkEventSegmentScan) scan = { .wanted = snapshot };
  gboolean found = snapshot != NULL && bk_event_log_has_segment (log, snapshot->last_segment) &&
                   bk_event_log_scan_segment (log, snapshot->last_segment, &scan, FALSE, NULL) &&
                   scan.found;

  log->snapshot_state = found || !exists ? BK_EVENT_SNAPSHOT_SOUND : BK_EVENT_SNAPSHOT_IN_DOUBT;
  return log->snapshot_state == BK_EVENT_SNAPSHOT_SOUND;
}

/* The events are durable already: that a snapshot could not be written is no reason to say that they
 * are not. The next append tries again. */
static void
update_snapshot (BkEventLog *log)
{
  guint64 seq = log->tail.head.seq;
  gboolean due =
      log->snapshot_events > seq || seq - log->snapshot_events >= log->limits.snapshot_every;

  if (due && bk_event_log_check_snapshot (log))
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
      bk_prefix_error (error, "The event's payload: ");
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

/**
 * bk_event_log_append_locked:
 *
 * bk_event_log_append() under the log's lock, with the log loaded.
 */
gboolean
bk_event_log_append_locked (BkEventLog *log,
                            const BkEventRecord *records,
                            guint records_count,
                            GError **error)
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
