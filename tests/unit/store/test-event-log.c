#include "store/event-log/event-log.h"

#include "base/error.h"
#include "base/path.h"
#include "format/event-segment.h"
#include "store/event-log/view.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

/* Few events a segment, so that a short log has all that a long one has. */
static const BkEventLogLimits small = { 4, 3, 0 };
static const BkEventLogLimits large = { 10000, 1000, 0 };

typedef struct
{
  char *directory;
} Fixture;

static void
setup (Fixture *fixture, gconstpointer user_data)
{
  /* In memory: what fsync() is for is not what is tested here, and there are thousands. */
  g_autofree char *template =
      g_strdup (g_file_test ("/dev/shm", G_FILE_TEST_IS_DIR) ? "/dev/shm/bk-event-log-XXXXXX"
                                                             : "/tmp/bk-event-log-XXXXXX");

  fixture->directory = g_strdup (g_mkdtemp (template));
  g_assert_nonnull (fixture->directory);
}

static void
teardown (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *parent = g_path_get_dirname (fixture->directory);
  g_autofree char *name = g_path_get_basename (fixture->directory);
  int parent_dirfd = bk_open_directory (parent, &error);

  bk_remove_tree_at (parent_dirfd, name, &error);
  g_assert_no_error (error);
  g_close (parent_dirfd, NULL);
  g_free (fixture->directory);
}

static BkEventLog *
open_log (Fixture *fixture, const BkEventLogLimits *limits)
{
  g_autoptr (GError) error = NULL;
  BkEventLog *log = bk_event_log_open (fixture->directory, limits, &error);

  g_assert_no_error (error);
  return log;
}

static void
append (BkEventLog *log, guint count)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) payload = json_object_new ();
  const BkEventRecord record = { "ana", BK_EVENT_CREATED, "vm", "vm/web1", payload };

  json_object_set_string_member (payload, "b", "\"x\"");
  json_object_set_int_member (payload, "a", 1);
  for (guint i = 0; i < count; i++)
    {
      bk_event_log_append (log, &record, 1, &error);
      g_assert_no_error (error);
    }
}

static void
append_new (Fixture *fixture, const BkEventLogLimits *limits, guint count)
{
  g_autoptr (BkEventLog) log = open_log (fixture, limits);

  append (log, count);
}

static BkChainVerdict *
verify (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BkEventLogView) view = bk_event_log_view_open (fixture->directory, &error);

  g_assert_no_error (error);
  BkChainVerdict *verdict = bk_event_log_view_verify (view, FALSE, NULL, &error);
  g_assert_no_error (error);
  return verdict;
}

static void
assert_sound (Fixture *fixture, guint64 events)
{
  g_autoptr (BkChainVerdict) verdict = verify (fixture);

  g_assert_cmpstr (verdict->message, ==, NULL);
  g_assert_cmpuint (verdict->verified_count, ==, events);
  g_assert_cmpuint (verdict->events_count, ==, events);
}

static void
assert_broken (Fixture *fixture, BkChainFault fault)
{
  g_autoptr (BkChainVerdict) verdict = verify (fixture);

  g_test_message ("%s", verdict->message);
  g_assert_cmpstr (bk_chain_fault_to_string (verdict->fault), ==, bk_chain_fault_to_string (fault));
}

static char *
path_of (Fixture *fixture, const char *name)
{
  return g_build_filename (fixture->directory, name, NULL);
}

static char *
read_file (Fixture *fixture, const char *name, gsize *length_bytes)
{
  g_autofree char *path = path_of (fixture, name);
  g_autoptr (GError) error = NULL;
  char *text;

  g_file_get_contents (path, &text, length_bytes, &error);
  g_assert_no_error (error);
  return text;
}

static void
write_file (Fixture *fixture, const char *name, const char *text, gsize length_bytes)
{
  g_autofree char *path = path_of (fixture, name);
  FILE *file = fopen (path, "w");

  g_assert_nonnull (file);
  g_assert_cmpuint (fwrite (text, 1, length_bytes, file), ==, length_bytes);
  g_assert_cmpint (fclose (file), ==, 0);
}

static guint
count_files (Fixture *fixture, const char *part)
{
  g_autofree char *path = path_of (fixture, BK_EVENT_LOG_DIRECTORY);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;
  guint count = 0;

  while ((name = g_dir_read_name (dir)) != NULL)
    count += strstr (name, part) != NULL;
  return count;
}

#define SEGMENT1 "event-log/segment-000001.json"
#define SEGMENT2 "event-log/segment-000002.json"
#define SEGMENT3 "event-log/segment-000003.json"
#define SNAPSHOT "event-log-snapshot.json"

static void
test_append (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (BkEventLog) one = open_log (fixture, &small);
  g_autoptr (BkEventLog) two = open_log (fixture, &small);
  gsize length_bytes;

  for (guint i = 1; i <= 30; i++)
    {
      append (i % 3 == 0 ? two : one, 1);
      assert_sound (fixture, i);
    }
  append_new (fixture, &small, 1);
  append (one, 1);
  assert_sound (fixture, 32);
  g_assert_cmpuint (count_files (fixture, "segment-"), ==, 8);

  /* one event a line, and JSON as a whole */
  g_autofree char *text = read_file (fixture, SEGMENT1, &length_bytes);
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
test_batch (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (BkEventLog) log = open_log (fixture, &small);
  g_autoptr (GError) error = NULL;
  BkEventRecord records[30];

  for (guint i = 0; i < G_N_ELEMENTS (records); i++)
    records[i] = (BkEventRecord){ "ana", BK_EVENT_DELETED, "vm", "vm/web1", NULL };
  for (guint i = 1; i <= G_N_ELEMENTS (records); i++)
    {
      bk_event_log_append (log, records, i, &error);
      g_assert_no_error (error);
      assert_sound (fixture, i * (i + 1) / 2);
    }
  bk_event_log_append (log, records, 0, &error);
  g_assert_no_error (error);
  assert_sound (fixture, 465);
}

/* Whatever it is handed is recorded. */
static void
test_hostile_texts (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (BkEventLog) log = open_log (fixture, &large);
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
  append_new (fixture, &large, 1);
  assert_sound (fixture, 5);
  g_assert_cmpuint (count_files (fixture, "torn"), ==, 0);
}

static void
test_snapshot (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (BkEventLog) log = open_log (fixture, &small);
  g_autofree char *path = path_of (fixture, SNAPSHOT);
  gsize length_bytes;

  append (log, 2);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  append (log, 1);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  append (log, 10);
  assert_sound (fixture, 13);

  /* An older one is no fault: it only is behind. */
  g_autofree char *old = read_file (fixture, SNAPSHOT, &length_bytes);
  append (log, 10);
  write_file (fixture, SNAPSHOT, old, length_bytes);
  assert_sound (fixture, 23);
  append_new (fixture, &small, 1);
  assert_sound (fixture, 24);
}

/* A snapshot that the log contradicts is evidence: nobody writes over it. */
static void
test_end_cut_off (Fixture *fixture, gconstpointer user_data)
{
  gsize before_bytes;
  gsize after_bytes;

  append_new (fixture, &small, 4);
  g_autofree char *segment = read_file (fixture, SEGMENT1, &before_bytes);
  append_new (fixture, &small, 8);
  g_autofree char *snapshot = read_file (fixture, SNAPSHOT, &before_bytes);
  g_autofree char *path = path_of (fixture, SEGMENT3);

  g_assert_cmpint (g_unlink (path), ==, 0);
  assert_broken (fixture, BK_CHAIN_SNAPSHOT_MISMATCH);
  append_new (fixture, &small, 20);
  assert_broken (fixture, BK_CHAIN_SNAPSHOT_MISMATCH);
  g_autofree char *after = read_file (fixture, SNAPSHOT, &after_bytes);
  g_assert_cmpmem (snapshot, before_bytes, after, after_bytes);

  /* the same for one that cannot be read */
  write_file (fixture, SNAPSHOT, "{", 1);
  append_new (fixture, &small, 20);
  assert_broken (fixture, BK_CHAIN_SNAPSHOT_MISMATCH);
  g_autofree char *still = read_file (fixture, SNAPSHOT, &after_bytes);
  g_assert_cmpstr (still, ==, "{");
}

static void
flip_all (Fixture *fixture, const char *name)
{
  gsize length_bytes;
  g_autofree char *text = read_file (fixture, name, &length_bytes);

  for (gsize at = 0; at < length_bytes; at++)
    {
      for (guint bit = 0; bit < 8; bit++)
        {
          text[at] = (char) (text[at] ^ (1 << bit));
          write_file (fixture, name, text, length_bytes);
          g_autoptr (BkChainVerdict) verdict = verify (fixture);
          if (verdict->fault == BK_CHAIN_SOUND)
            g_error ("%s: bit %u of byte %" G_GSIZE_FORMAT " makes no difference", name, bit, at);
          text[at] = (char) (text[at] ^ (1 << bit));
        }
    }
  write_file (fixture, name, text, length_bytes);
}

static void
test_every_flip (Fixture *fixture, gconstpointer user_data)
{
  append_new (fixture, &small, 6);
  flip_all (fixture, SEGMENT1);
  flip_all (fixture, SEGMENT2);
  flip_all (fixture, SNAPSHOT);
  assert_sound (fixture, 6);
}

/* Lines of segment 1: "[", four events, "]", "". */
static void
test_lines (Fixture *fixture, gconstpointer user_data)
{
  gsize length_bytes;

  append_new (fixture, &small, 10);
  g_autofree char *text = read_file (fixture, SEGMENT1, &length_bytes);

  for (guint i = 1; i <= 4; i++)
    {
      for (guint j = 1; j <= 4; j++)
        {
          g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
          g_autoptr (GString) changed = g_string_new ("[");

          /* i == j removes the line, else the two change places */
          for (guint k = 1; k <= 4; k++)
            {
              const char *line = lines[k == i ? j : k == j ? i : k];

              if (k == i && i == j)
                continue;
              g_string_append_printf (changed, "%s\n%.*s", changed->len == 1 ? "" : ",",
                                      (int) strcspn (line, "\n") - g_str_has_suffix (line, ","),
                                      line);
            }
          g_string_append (changed, "\n]\n");
          write_file (fixture, SEGMENT1, changed->str, changed->len);
          assert_broken (fixture, BK_CHAIN_ORDER);
        }
    }
  write_file (fixture, SEGMENT1, text, length_bytes);
  assert_sound (fixture, 10);
  g_autofree char *path = path_of (fixture, SEGMENT2);
  g_assert_cmpint (g_unlink (path), ==, 0);
  assert_broken (fixture, BK_CHAIN_MISSING_SEGMENT);
}

/* A power cut while a fourth and fifth event are written: the file is cut anywhere in them, or the
 * rest of it is zeros. The three that were acknowledged are there afterwards, and a new one. */
static void
test_torn (Fixture *fixture, gconstpointer user_data)
{
  gsize before_bytes;
  gsize after_bytes;

  append_new (fixture, &large, 3);
  g_autofree char *before = read_file (fixture, SEGMENT1, &before_bytes);
  append_new (fixture, &large, 2);
  g_autofree char *after = read_file (fixture, SEGMENT1, &after_bytes);

  for (gsize cut = before_bytes - 3; cut <= after_bytes; cut += cut % 5 == 0 ? 7 : 1)
    {
      for (guint zeros = 0; zeros <= 1; zeros++)
        {
          g_autofree char *torn = g_memdup2 (after, after_bytes);

          memset (torn + cut, 0, after_bytes - cut);
          write_file (fixture, SEGMENT1, torn, zeros ? after_bytes : cut);
          append_new (fixture, &large, 1);

          g_autoptr (BkChainVerdict) verdict = verify (fixture);
          g_assert_cmpstr (verdict->message, ==, NULL);
          g_assert_cmpuint (verdict->events_count, >=, 4);
          g_assert_cmpuint (verdict->events_count, <=, 7);
          gsize now_bytes;
          g_autofree char *now = read_file (fixture, SEGMENT1, &now_bytes);
          g_assert_cmpuint (now_bytes, >, before_bytes);
          if (memcmp (now, before, before_bytes - 3) != 0)
            g_error ("cut at %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT ": %s", cut, before_bytes,
                     now);
        }
    }
  /* the pieces are kept, and said so */
  g_assert_cmpuint (count_files (fixture, "torn"), >, 10);
  write_file (fixture, SEGMENT1, after, after_bytes - 20);
  append_new (fixture, &large, 1);
  gsize now_bytes;
  g_autofree char *now = read_file (fixture, SEGMENT1, &now_bytes);
  g_assert_nonnull (strstr (now, BK_EVENT_LOG_RECOVERED));
}

/* A page in the middle of a large write did not reach the disk, later ones did. */
static void
test_torn_hole (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (GError) error = NULL;
  BkEventRecord records[300];
  gsize before_bytes;
  gsize after_bytes;

  for (guint i = 0; i < G_N_ELEMENTS (records); i++)
    records[i] = (BkEventRecord){ "ana", BK_EVENT_DELETED, "vm", "vm/web1", NULL };
  append_new (fixture, &large, 50);
  g_autofree char *before = read_file (fixture, SEGMENT1, &before_bytes);
  g_autoptr (BkEventLog) log = open_log (fixture, &large);
  bk_event_log_append (log, records, G_N_ELEMENTS (records), &error);
  g_assert_no_error (error);
  g_autofree char *after = read_file (fixture, SEGMENT1, &after_bytes);

  for (gsize page = before_bytes / 4096 + 1; (page + 2) * 4096 < after_bytes; page++)
    {
      g_autofree char *torn = g_memdup2 (after, after_bytes);

      memset (torn + page * 4096, 0, 4096);
      write_file (fixture, SEGMENT1, torn, after_bytes);
      append_new (fixture, &large, 1);
      g_autoptr (BkChainVerdict) verdict = verify (fixture);
      g_assert_cmpstr (verdict->message, ==, NULL);
      g_assert_cmpuint (verdict->events_count, >=, 51);
    }
}

/* An event that is whole but was changed is no torn tail: it stays, and stays broken. */
static void
test_changed_is_not_torn (Fixture *fixture, gconstpointer user_data)
{
  gsize length_bytes;

  append_new (fixture, &large, 3);
  g_autofree char *text = read_file (fixture, SEGMENT1, &length_bytes);
  char *actor = g_strrstr (text, "\"ana\"");
  memcpy (actor, "\"eva\"", 5);
  write_file (fixture, SEGMENT1, text, length_bytes);
  append_new (fixture, &large, 2);

  g_autoptr (BkChainVerdict) verdict = verify (fixture);
  g_assert_cmpint (verdict->fault, ==, BK_CHAIN_HASH);
  g_assert_cmpuint (verdict->broken_index, ==, 2);
  g_assert_cmpuint (verdict->events_count, ==, 5);
}

static void
test_prune (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (BkEventLog) log = open_log (fixture, &small);
  g_autoptr (GError) error = NULL;
  g_autofree char *anchor = path_of (fixture, "event-log-anchor.json");
  guint64 removed_count;

  append (log, 22);
  bk_event_log_prune (log, 3, "ana", &removed_count, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (removed_count, ==, 3);
  assert_sound (fixture, 11);
  append (log, 9);
  assert_sound (fixture, 20);

  g_autoptr (BkChainVerdict) verdict = verify (fixture);
  g_assert_cmpint (verdict->scope, ==, BK_CHAIN_FROM_ANCHOR);
  /* it verifies by its event alone */
  g_assert_cmpint (g_unlink (anchor), ==, 0);
  assert_sound (fixture, 20);
  g_autofree char *first = path_of (fixture, "event-log/segment-000004.json");
  g_assert_cmpint (g_unlink (first), ==, 0);
  assert_broken (fixture, BK_CHAIN_MISSING_SEGMENT);
}

static void
test_prune_by_itself (Fixture *fixture, gconstpointer user_data)
{
  static const BkEventLogLimits limits = { 4, 3, 2 };
  g_autoptr (BkEventLog) log = open_log (fixture, &limits);

  for (guint i = 0; i < 50; i++)
    {
      append (log, 1);
      g_autoptr (BkChainVerdict) verdict = verify (fixture);
      g_assert_cmpstr (verdict->message, ==, NULL);
      g_assert_cmpuint (count_files (fixture, "segment-"), <=, 3);
    }
}

/* The log of another program goes on in a segment of ours. */
static void
test_foreign (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (BkEventHasher) hasher = bk_event_hasher_new ();
  g_autofree char *folder = path_of (fixture, BK_EVENT_LOG_DIRECTORY);
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
  write_file (fixture, SEGMENT1, text, strlen (text));
  assert_sound (fixture, 1);
  append_new (fixture, &small, 6);
  assert_sound (fixture, 7);
  g_autofree char *after = read_file (fixture, SEGMENT1, &length_bytes);
  g_assert_cmpstr (after, ==, text);
  g_assert_cmpuint (count_files (fixture, "segment-"), ==, 3);

  /* what cannot be read takes no events */
  g_autoptr (GError) error = NULL;
  write_file (fixture, "event-log/segment-000009.json", "[{", 2);
  g_autoptr (BkEventLog) log = open_log (fixture, &small);
  g_autofree char *snapshot = path_of (fixture, SNAPSHOT);
  g_unlink (snapshot);
  g_assert_false (
      bk_event_log_append (log, &(BkEventRecord){ "a", "b", "c", "d", NULL }, 1, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_INTEGRITY);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/store/event-log/" name, Fixture, NULL, setup, func, teardown)
  ADD ("append", test_append);
  ADD ("batch", test_batch);
  ADD ("hostile-texts", test_hostile_texts);
  ADD ("snapshot", test_snapshot);
  ADD ("end-cut-off", test_end_cut_off);
  ADD ("every-flip", test_every_flip);
  ADD ("lines", test_lines);
  ADD ("torn", test_torn);
  ADD ("torn-hole", test_torn_hole);
  ADD ("changed-is-not-torn", test_changed_is_not_torn);
  ADD ("prune", test_prune);
  ADD ("prune-by-itself", test_prune_by_itself);
  ADD ("foreign", test_foreign);
  return g_test_run ();
}
