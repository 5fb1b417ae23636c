#include "log-bed.h"

#include "base/error.h"
#include "base/path.h"
#include "format/event-segment.h"
#include "store/event-log/view.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

/* Few events a segment, so that a short log has all that a long one has. */
const BkEventLogLimits log_bed_small = { 4, 3, 0 };
const BkEventLogLimits log_bed_large = { 10000, 1000, 0 };

void
log_bed_setup (LogBed *bed, gconstpointer user_data)
{
  /* In memory: what fsync() is for is not what is tested here, and there are thousands. */
  g_autofree char *template =
      g_strdup (g_file_test ("/dev/shm", G_FILE_TEST_IS_DIR) ? "/dev/shm/bk-event-log-XXXXXX"
                                                             : "/tmp/bk-event-log-XXXXXX");

  bed->directory = g_strdup (g_mkdtemp (template));
  g_assert_nonnull (bed->directory);
}

void
log_bed_teardown (LogBed *bed, gconstpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *parent = g_path_get_dirname (bed->directory);
  g_autofree char *name = g_path_get_basename (bed->directory);
  int parent_dirfd = bk_open_directory (parent, &error);

  bk_remove_tree_at (parent_dirfd, name, &error);
  g_assert_no_error (error);
  g_close (parent_dirfd, NULL);
  g_free (bed->directory);
}

BkEventLog *
log_bed_open_log (LogBed *bed, const BkEventLogLimits *limits)
{
  g_autoptr (GError) error = NULL;
  BkEventLog *log = bk_event_log_open (bed->directory, limits, &error);

  g_assert_no_error (error);
  return log;
}

void
log_bed_append (BkEventLog *log, guint count)
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

void
log_bed_append_new (LogBed *bed, const BkEventLogLimits *limits, guint count)
{
  g_autoptr (BkEventLog) log = log_bed_open_log (bed, limits);

  log_bed_append (log, count);
}

BkChainVerdict *
log_bed_verify (LogBed *bed)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BkEventLogView) view = bk_event_log_view_open (bed->directory, &error);

  g_assert_no_error (error);
  BkChainVerdict *verdict = bk_event_log_view_verify (view, FALSE, NULL, &error);
  g_assert_no_error (error);
  return verdict;
}

void
log_bed_assert_sound (LogBed *bed, guint64 events)
{
  g_autoptr (BkChainVerdict) verdict = log_bed_verify (bed);

  g_assert_cmpstr (verdict->message, ==, NULL);
  g_assert_cmpuint (verdict->verified_count, ==, events);
  g_assert_cmpuint (verdict->events_count, ==, events);
}

void
log_bed_assert_broken (LogBed *bed, BkChainFault fault)
{
  g_autoptr (BkChainVerdict) verdict = log_bed_verify (bed);

  g_test_message ("%s", verdict->message);
  g_assert_cmpstr (bk_chain_fault_to_string (verdict->fault), ==, bk_chain_fault_to_string (fault));
}

char *
log_bed_path_of (LogBed *bed, const char *name)
{
  return g_build_filename (bed->directory, name, NULL);
}

char *
log_bed_read_file (LogBed *bed, const char *name, gsize *length_bytes)
{
  g_autofree char *path = log_bed_path_of (bed, name);
  g_autoptr (GError) error = NULL;
  char *text;

  g_file_get_contents (path, &text, length_bytes, &error);
  g_assert_no_error (error);
  return text;
}

void
log_bed_write_file (LogBed *bed, const char *name, const char *text, gsize length_bytes)
{
  g_autofree char *path = log_bed_path_of (bed, name);
  FILE *file = fopen (path, "w");

  g_assert_nonnull (file);
  g_assert_cmpuint (fwrite (text, 1, length_bytes, file), ==, length_bytes);
  g_assert_cmpint (fclose (file), ==, 0);
}

guint
log_bed_count_files (LogBed *bed, const char *part)
{
  g_autofree char *path = log_bed_path_of (bed, BK_EVENT_LOG_DIRECTORY);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;
  guint count = 0;

  while ((name = g_dir_read_name (dir)) != NULL)
    count += strstr (name, part) != NULL;
  return count;
}
