#include "log-bed.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/lock.h"
#include "base/path.h"
#include "base/write.h"
#include "format/event-segment.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static void
test_append (LogBed *bed, gconstpointer user_data)
{
  g_autoptr (BkEventLog) one = log_bed_open_log (bed, &log_bed_small);
  g_autoptr (BkEventLog) two = log_bed_open_log (bed, &log_bed_small);
  gsize length_bytes;

  for (guint i = 1; i <= 30; i++)
    {
      log_bed_append (i % 3 == 0 ? two : one, 1);
      log_bed_assert_sound (bed, i);
    }
  log_bed_append_new (bed, &log_bed_small, 1);
  log_bed_append (one, 1);
  log_bed_assert_sound (bed, 32);
  g_assert_cmpuint (log_bed_count_files (bed, "segment-"), ==, 8);

  /* one event a line, and JSON as a whole */
  g_autofree char *text = log_bed_read_file (bed, SEGMENT1, &length_bytes);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 7);
  g_autoptr (JsonNode) node = json_from_string (text, NULL);
  g_assert_cmpuint (json_array_get_length (json_node_get_array (node)), ==, 4);
  JsonObject *event = json_array_get_object_element (json_node_get_array (node), 0);
  g_assert_cmpstr (json_object_get_string_member (event, "evento"), ==, "backup.created");
  g_assert_true (json_object_get_null_member (event, "previous_hash"));
  g_assert_cmpint (json_object_get_int_member (event, "seq"), ==, 1);
}

static void
test_batch (LogBed *bed, gconstpointer user_data)
{
  g_autoptr (BkEventLog) log = log_bed_open_log (bed, &log_bed_small);
  g_autoptr (GError) error = NULL;
  BkEventRecord records[30];

  for (guint i = 0; i < G_N_ELEMENTS (records); i++)
    records[i] = (BkEventRecord){ "ana", BK_EVENT_DELETED, "vm", "vm/web1", NULL };
  for (guint i = 1; i <= G_N_ELEMENTS (records); i++)
    {
      bk_event_log_append (log, records, i, &error);
      g_assert_no_error (error);
      log_bed_assert_sound (bed, i * (i + 1) / 2);
    }
  bk_event_log_append (log, records, 0, &error);
  g_assert_no_error (error);
  log_bed_assert_sound (bed, 465);
}

/* Whatever it is handed is recorded. */
static void
test_hostile_texts (LogBed *bed, gconstpointer user_data)
{
  g_autoptr (BkEventLog) log = log_bed_open_log (bed, &log_bed_large);
  g_autoptr (JsonObject) payload = json_object_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *quotes = g_strnfill (100000, '"');
  const BkEventRecord records[] = {
    { "a\nb", "\xff\xfe", "", "\x01|\x7f", NULL },
    { NULL, NULL, NULL, NULL, NULL },
    { quotes, quotes, quotes, quotes, payload },
    { "ana", "E", "vm", "after", NULL },
  };

  json_object_set_string_member (payload, "text", quotes);
  bk_event_log_append (log, records, G_N_ELEMENTS (records), &error);
  g_assert_no_error (error);
  log_bed_append_new (bed, &log_bed_large, 1);
  log_bed_assert_sound (bed, 5);
  g_assert_cmpuint (log_bed_count_files (bed, "torn"), ==, 0);
}

static void
test_snapshot (LogBed *bed, gconstpointer user_data)
{
  g_autoptr (BkEventLog) log = log_bed_open_log (bed, &log_bed_small);
  g_autofree char *path = log_bed_path_of (bed, SNAPSHOT);
  gsize length_bytes;

  log_bed_append (log, 2);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  log_bed_append (log, 1);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  log_bed_append (log, 10);
  log_bed_assert_sound (bed, 13);

  /* An older one is no fault: it only is behind. */
  g_autofree char *old = log_bed_read_file (bed, SNAPSHOT, &length_bytes);
  log_bed_append (log, 10);
  log_bed_write_file (bed, SNAPSHOT, old, length_bytes);
  log_bed_assert_sound (bed, 23);
  log_bed_append_new (bed, &log_bed_small, 1);
  log_bed_assert_sound (bed, 24);
}

typedef struct
{
  BkLock *lock;
  int fd;
  const char *whole;
  gsize whole_bytes;
} SlowWriter;

/* It is in the middle of a write for long: its disk is busy, or it has no turn. */
static gpointer
write_slowly (gpointer data)
{
  SlowWriter *writer = data;

  g_usleep (300 * G_TIME_SPAN_MILLISECOND);
  g_assert_true (bk_write_all_at (writer->fd, writer->whole, writer->whole_bytes, 0));
  bk_lock_free (writer->lock);
  return NULL;
}

static void
test_slow_writer (LogBed *bed, gconstpointer user_data)
{
  g_autoptr (BkEventLog) log = log_bed_open_log (bed, &log_bed_small);
  g_autoptr (GError) error = NULL;
  gsize length_bytes;

  log_bed_append (log, 3);
  g_autofree char *whole = log_bed_read_file (bed, SEGMENT1, &length_bytes);
  autofd int dirfd = bk_open_directory (bed->directory, &error);
  autofd int fd = openat (dirfd, SEGMENT1, O_WRONLY | O_CLOEXEC);
  SlowWriter writer = { bk_lock_wait (dirfd, BK_EVENT_LOG_LOCK_NAME, &error), fd, whole,
                        length_bytes };
  g_assert_no_error (error);
  g_assert_cmpint (ftruncate (fd, (off_t) length_bytes - 10), ==, 0);
  GThread *thread = g_thread_new ("slow-writer", write_slowly, &writer);
  log_bed_assert_sound (bed, 3);
  g_thread_join (thread);
}

static void
test_prune (LogBed *bed, gconstpointer user_data)
{
  g_autoptr (BkEventLog) log = log_bed_open_log (bed, &log_bed_small);
  g_autoptr (GError) error = NULL;
  g_autofree char *anchor = log_bed_path_of (bed, "event-log-anchor.json");
  guint64 removed_count;

  log_bed_append (log, 22);
  bk_event_log_prune (log, 3, "ana", &removed_count, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (removed_count, ==, 3);
  log_bed_assert_sound (bed, 11);
  log_bed_append (log, 9);
  log_bed_assert_sound (bed, 20);

  g_autoptr (BkChainVerdict) verdict = log_bed_verify (bed);
  g_assert_cmpint (verdict->scope, ==, BK_CHAIN_FROM_ANCHOR);
  /* it verifies by its event alone */
  g_assert_cmpint (g_unlink (anchor), ==, 0);
  log_bed_assert_sound (bed, 20);
  g_autofree char *first = log_bed_path_of (bed, "event-log/segment-000004.json");
  g_assert_cmpint (g_unlink (first), ==, 0);
  log_bed_assert_broken (bed, BK_CHAIN_MISSING_SEGMENT);
}

static void
test_prune_by_itself (LogBed *bed, gconstpointer user_data)
{
  static const BkEventLogLimits limits = { 4, 3, 2 };
  g_autoptr (BkEventLog) log = log_bed_open_log (bed, &limits);

  for (guint i = 0; i < 50; i++)
    {
      log_bed_append (log, 1);
      g_autoptr (BkChainVerdict) verdict = log_bed_verify (bed);
      g_assert_cmpstr (verdict->message, ==, NULL);
      g_assert_cmpuint (log_bed_count_files (bed, "segment-"), <=, 3);
    }
}

/* The log of another program goes on in a segment of ours. */
static void
test_foreign (LogBed *bed, gconstpointer user_data)
{
  g_autoptr (BkEventHasher) hasher = bk_event_hasher_new ();
  g_autofree char *folder = log_bed_path_of (bed, BK_EVENT_LOG_DIRECTORY);
  char hash[BK_SHA256_HEX_LENGTH + 1];
  BkEvent event = {
    .id = bk_text ("evt-1"),
    .timestamp = bk_text ("2025-12-23T10:00:00.000Z"),
    .actor = bk_text ("Libervia"),
    .evento = bk_text ("CRIADO"),
    .entidade = bk_text ("episodio"),
    .entidade_id = bk_text ("ep-1"),
    .payload_hash = bk_text ("x"),
  };
  gsize length_bytes;

  bk_event_hasher_event (hasher, &event, hash);
  g_autofree char *text = g_strdup_printf (
      "[\n  {\n    \"id\": \"evt-1\",\n    \"timestamp\": \"2025-12-23T10:00:00.000Z\",\n"
      "    \"actor\": \"Libervia\",\n    \"evento\": \"CRIADO\",\n    \"entidade\": \"episodio\",\n"
      "    \"entidade_id\": \"ep-1\",\n    \"payload_hash\": \"x\",\n    \"previous_hash\": null,\n"
      "    \"current_hash\": \"%s\"\n  }\n]",
      hash);
  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  log_bed_write_file (bed, SEGMENT1, text, strlen (text));
  log_bed_assert_sound (bed, 1);
  log_bed_append_new (bed, &log_bed_small, 6);
  log_bed_assert_sound (bed, 7);
  g_autofree char *after = log_bed_read_file (bed, SEGMENT1, &length_bytes);
  g_assert_cmpstr (after, ==, text);
  g_assert_cmpuint (log_bed_count_files (bed, "segment-"), ==, 3);

  /* what cannot be read takes no events */
  g_autoptr (GError) error = NULL;
  log_bed_write_file (bed, "event-log/segment-000009.json", "[{", 2);
  g_autoptr (BkEventLog) log = log_bed_open_log (bed, &log_bed_small);
  g_autofree char *snapshot = log_bed_path_of (bed, SNAPSHOT);
  g_unlink (snapshot);
  g_assert_false (
      bk_event_log_append (log, &(BkEventRecord){ "a", "b", "c", "d", NULL }, 1, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_INTEGRITY);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func)                                                                            \
  g_test_add ("/store/event-log/" name, LogBed, NULL, log_bed_setup, func, log_bed_teardown)
  ADD ("append", test_append);
  ADD ("slow-writer", test_slow_writer);
  ADD ("batch", test_batch);
  ADD ("hostile-texts", test_hostile_texts);
  ADD ("snapshot", test_snapshot);
  ADD ("prune", test_prune);
  ADD ("prune-by-itself", test_prune_by_itself);
  ADD ("foreign", test_foreign);
  return g_test_run ();
}
