#include "store/state/job-reporter.h"
#include "store/state/job-store.h"

#include "base/error.h"
#include "base/path.h"
#include "base/timestamp.h"
#include "store/log/reader.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define ID "20261120_020000-5f2a9c01"

typedef struct
{
  char *root;
  BkJobStore *store;
  gint64 now_usecs;
} Fixture;

static gint64 clock_usecs;

static gint64
fake_clock (void)
{
  return clock_usecs;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->root = g_dir_make_tmp ("bk-jobs-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->store = bk_job_store_open (fixture->root, &error);
  g_assert_no_error (error);
  clock_usecs = fixture->now_usecs = bk_time_from_iso ("2026-11-20T02:00:00.000Z");
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  int fd = bk_open_directory (fixture->root, NULL);

  g_assert_true (bk_remove_tree_at (fd, "jobs", NULL));
  g_assert_true (bk_remove_tree_at (fd, "logs", NULL));
  close (fd);
  g_object_unref (fixture->store);
  g_assert_cmpint (g_rmdir (fixture->root), ==, 0);
  g_free (fixture->root);
}

static BkJob *
put (Fixture *fixture, const char *id, gint64 created_usecs)
{
  g_autoptr (JsonObject) args = json_object_new ();
  g_autoptr (GError) error = NULL;
  BkJob *job = bk_job_new (id, "vm.backup", args, "admin");

  job->created_usecs = created_usecs;
  bk_job_store_write (fixture->store, job, &error);
  g_assert_no_error (error);
  return job;
}

static BkJobState
state_of (Fixture *fixture, const char *id)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BkJob) job = bk_job_store_read (fixture->store, id, fixture->now_usecs, &error);

  g_assert_no_error (error);
  return job->state;
}

static void
test_interrupted (Fixture *fixture, gconstpointer data)
{
  g_autoptr (BkJob) job = put (fixture, ID, fixture->now_usecs);

  g_assert_cmpint (state_of (fixture, ID), ==, BK_JOB_PENDING);
  BkLock *lock = bk_job_store_lock (fixture->store, ID, NULL);
  g_assert_nonnull (lock);
  bk_job_begin (job, fixture->now_usecs);
  g_assert_true (bk_job_store_write (fixture->store, job, NULL));
  g_assert_cmpint (state_of (fixture, ID), ==, BK_JOB_RUNNING);
  bk_lock_free (lock);
  g_assert_cmpint (state_of (fixture, ID), ==, BK_JOB_INTERRUPTED);
}

static void
test_not_found (Fixture *fixture, gconstpointer data)
{
  static const char *const ids[] = { ID, "", "../../etc/passwd", "x\ny" };

  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (bk_job_store_read (fixture->store, ids[i], 0, &error));
      g_assert_error (error, BK_ERROR, BK_ERROR_NOT_FOUND);
      g_assert_null (strchr (error->message, '\n'));
    }
}

static void
test_list_passes_over_what_is_broken (Fixture *fixture, gconstpointer data)
{
  g_autoptr (BkJob) older = put (fixture, "20261119_020000-00000001", fixture->now_usecs);
  g_autoptr (BkJob) newer = put (fixture, "20261119_030000-00000002", fixture->now_usecs);
  g_autoptr (BkJob) pending = put (fixture, "20261118_030000-00000003", fixture->now_usecs);
  int fd = bk_job_store_fd (fixture->store);

  bk_job_end (older, NULL, NULL, fixture->now_usecs);
  bk_job_end (newer, NULL, NULL, fixture->now_usecs);
  g_assert_true (bk_job_store_write (fixture->store, older, NULL));
  g_assert_true (bk_job_store_write (fixture->store, newer, NULL));
  close (openat (fd, "20261119_040000-00000004.json", O_WRONLY | O_CREAT, 0600));
  close (openat (fd, "..json", O_WRONLY | O_CREAT, 0600));
  g_assert_cmpint (symlinkat ("20261119_020000-00000001.json", fd, "20261119_050000-00000005.json"),
                   ==, 0);
  g_assert_cmpint (mkfifoat (fd, "20261119_060000-00000006.json", 0600), ==, 0);
  g_assert_cmpint (mkfifoat (fd, "20261119_060000-00000006.lock", 0600), ==, 0);
  g_assert_cmpint (renameat (fd, "20261119_030000-00000002.json", fd, "x"), ==, 0);
  g_assert_cmpint (linkat (fd, "x", fd, "20261119_030000-00000002.json", 0), ==, 0);
  g_assert_cmpint (linkat (fd, "x", fd, "20261119_070000-00000007.json", 0), ==, 0);

  g_autoptr (GPtrArray) jobs = bk_job_store_list (fixture->store, fixture->now_usecs, NULL);
  static const char *const wanted[] = { "20261118_030000-00000003", "20261119_030000-00000002",
                                        "20261119_020000-00000001" };
  g_assert_cmpuint (jobs->len, ==, G_N_ELEMENTS (wanted));
  for (guint i = 0; i < G_N_ELEMENTS (wanted); i++)
    g_assert_cmpstr (((BkJob *) g_ptr_array_index (jobs, i))->id, ==, wanted[i]);
}

static void
test_prune (Fixture *fixture, gconstpointer data)
{
  g_autoptr (BkJob) running = put (fixture, "20260101_000000-00000000", fixture->now_usecs);
  g_autoptr (BkLock) lock = bk_job_store_lock (fixture->store, running->id, NULL);
  g_autoptr (BkJob) old = put (fixture, "20260102_000000-00000000", 1);

  for (guint i = 0; i < BK_JOB_KEEP_COUNT + 20; i++)
    {
      g_autofree char *id = bk_job_id_new (fixture->now_usecs, i);
      g_autoptr (BkJob) job = put (fixture, id, fixture->now_usecs);

      bk_job_end (job, NULL, NULL, fixture->now_usecs);
      g_assert_true (bk_job_store_write (fixture->store, job, NULL));
    }
  bk_job_store_prune (fixture->store, fixture->now_usecs);
  g_autoptr (GPtrArray) jobs = bk_job_store_list (fixture->store, fixture->now_usecs, NULL);
  g_assert_cmpuint (jobs->len, ==, BK_JOB_KEEP_COUNT + 1);
  g_assert_cmpstr (((BkJob *) g_ptr_array_index (jobs, 0))->id, ==, running->id);

  g_autoptr (GPtrArray) names = bk_list_directory (bk_job_store_fd (fixture->store), NULL);
  g_assert_cmpuint (names->len, <=, BK_JOB_KEEP_COUNT + 2);
}

static void
test_directory_of_another (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (fchmod (bk_job_store_fd (fixture->store), 0755), ==, 0);
  g_assert_null (bk_job_store_open (fixture->root, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_DENIED);
}

static void
test_cancel (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (bk_job_store_is_asked_to_cancel (fixture->store, ID));
  g_assert_true (bk_job_store_ask_to_cancel (fixture->store, ID, &error));
  g_assert_true (bk_job_store_ask_to_cancel (fixture->store, ID, &error));
  g_assert_true (bk_job_store_is_asked_to_cancel (fixture->store, ID));
  g_assert_false (bk_job_store_ask_to_cancel (fixture->store, "../x", &error));
}

static gboolean
collect (const BkLogLine *line, gpointer user_data, GError **error)
{
  g_string_append_printf (user_data, "%s:%s;", line->job_id, line->message);
  return TRUE;
}

static void
test_reporter (Fixture *fixture, gconstpointer data)
{
  g_autofree char *log_dir = g_build_filename (fixture->root, "logs", NULL);
  int log_dirfd = bk_log_dir_open (log_dir, NULL);
  g_autoptr (BkJobReporter) reporter =
      bk_job_reporter_new (fixture->store, put (fixture, ID, fixture->now_usecs), log_dirfd,
                           BK_LOG_INFO, NULL, fake_clock);
  g_autoptr (BkLock) lock = bk_job_store_lock (fixture->store, ID, NULL);
  g_autoptr (JsonNode) result = json_from_string ("{\"size_bytes\":7}", NULL);
  g_autoptr (GString) lines = g_string_new (NULL);
  BkProgress progress = { "vm/a", "copy", 0, 100 };

  g_assert_true (bk_job_reporter_begin (reporter, NULL));
  g_assert_cmpint (state_of (fixture, ID), ==, BK_JOB_RUNNING);

  bk_reporter_message (BK_REPORTER (reporter), BK_LOG_INFO, "vm/a", NULL, "x", "before");
  bk_reporter_message (BK_REPORTER (reporter), BK_LOG_DEBUG, "vm/a", NULL, "x", "too fine");
  clock_usecs = bk_time_from_iso ("2026-11-21T00:00:00.000Z");
  bk_reporter_message (BK_REPORTER (reporter), BK_LOG_INFO, "vm/b", NULL, "x", "after");

  /* Written at most twice a second. */
  bk_reporter_progress (BK_REPORTER (reporter), &progress);
  progress.done_bytes = 50;
  clock_usecs += G_USEC_PER_SEC / 4;
  bk_reporter_progress (BK_REPORTER (reporter), &progress);
  g_autoptr (BkJob) first = bk_job_store_read (fixture->store, ID, clock_usecs, NULL);
  g_assert_cmpuint (first->progress->done_bytes, ==, 0);
  g_assert_cmpuint (first->projects->len, ==, 2);
  clock_usecs += G_USEC_PER_SEC / 4;
  bk_reporter_progress (BK_REPORTER (reporter), &progress);
  g_autoptr (BkJob) second = bk_job_store_read (fixture->store, ID, clock_usecs, NULL);
  g_assert_cmpuint (second->progress->done_bytes, ==, 50);

  g_assert_true (bk_job_reporter_end (reporter, result, NULL, NULL));
  g_autoptr (BkJob) last = bk_job_store_read (fixture->store, ID, clock_usecs, NULL);
  g_assert_cmpint (last->state, ==, BK_JOB_COMPLETED);
  g_assert_cmpint (json_object_get_int_member (json_node_get_object (last->result), "size_bytes"),
                   ==, 7);

  g_autoptr (BkLogFilter) filter = bk_log_filter_new ();
  g_assert_true (bk_log_query (log_dirfd, filter, 0, collect, lines, NULL, NULL));
  g_assert_cmpstr (lines->str, ==, ID ":before;" ID ":after;");
  g_autoptr (GPtrArray) names = bk_list_directory (log_dirfd, NULL);
  g_assert_cmpstr (g_ptr_array_index (names, 0), ==, "vm-a_2026-11-20.log");
  g_assert_cmpstr (g_ptr_array_index (names, 1), ==, "vm-b_2026-11-21.log");
  close (log_dirfd);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/store/job-store/interrupted", test_interrupted);
  ADD ("/store/job-store/not-found", test_not_found);
  ADD ("/store/job-store/list-passes-over-what-is-broken", test_list_passes_over_what_is_broken);
  ADD ("/store/job-store/prune", test_prune);
  ADD ("/store/job-store/directory-of-another", test_directory_of_another);
  ADD ("/store/job-store/cancel", test_cancel);
  ADD ("/store/job-reporter/record-and-log", test_reporter);
#undef ADD
  return g_test_run ();
}
