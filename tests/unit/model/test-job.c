#include "model/job.h"

#include "base/error.h"
#include "base/timestamp.h"

#define SECOND G_USEC_PER_SEC

static BkJob *
make_job (void)
{
  g_autoptr (JsonObject) args = json_object_new ();
  BkJob *job = bk_job_new ("20261120_020000-5f2a9c01", "vm.backup", args, "admin");

  job->created_usecs = bk_time_from_iso ("2026-11-20T02:00:00.000Z");
  return job;
}

static void
test_ids (void)
{
  static const char *const bad[] = { NULL,
                                     "",
                                     "20261120_020000",
                                     "20261120_020000-5f2a9c0",
                                     "20261120_020000-5F2A9C01",
                                     "20261320_020000-5f2a9c01",
                                     "20261120_020000-../../et",
                                     "20261120_020000-5f2a9c01x" };
  g_autofree char *id = bk_job_id_new (bk_time_from_iso ("2026-11-20T02:00:00.000Z"), 0x5f2a9c01);

  g_assert_cmpstr (id, ==, "20261120_020000-5f2a9c01");
  g_assert_true (bk_job_id_is_valid (id));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (bk_job_id_is_valid (bad[i]));
}

static void
test_ends (void)
{
  static const struct
  {
    int code; /* -1: no error */
    BkJobState state;
    const char *problem;
  } cases[] = {
    { -1, BK_JOB_COMPLETED, NULL },
    { BK_ERROR_NO_SPACE, BK_JOB_FAILED, "no-space" },
    { BK_ERROR_CANCELLED, BK_JOB_CANCELLED, "cancelled" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (BkJob) job = make_job ();
      g_autoptr (GError) error =
          cases[i].code < 0 ? NULL : g_error_new (BK_ERROR, cases[i].code, "why\nnot");

      bk_job_begin (job, job->created_usecs + 1);
      bk_job_end (job, NULL, error, job->created_usecs + 2);
      g_assert_cmpint (job->state, ==, cases[i].state);
      g_assert_cmpstr (job->problem, ==, cases[i].problem);
      g_assert_cmpstr (job->message, ==, error == NULL ? NULL : "why not");
      g_assert_true (bk_job_is_over (job));
    }
}

static void
test_without_process (void)
{
  g_autoptr (BkJob) pending = make_job ();
  g_autoptr (BkJob) running = make_job ();
  g_autoptr (BkJob) completed = make_job ();
  gint64 created_usecs = pending->created_usecs;

  bk_job_observe_without_process (pending, created_usecs + SECOND);
  g_assert_cmpint (pending->state, ==, BK_JOB_PENDING);
  bk_job_observe_without_process (pending, created_usecs + BK_JOB_START_USECS);
  g_assert_cmpint (pending->state, ==, BK_JOB_INTERRUPTED);

  bk_job_begin (running, created_usecs);
  bk_job_observe_without_process (running, created_usecs + 1);
  g_assert_cmpint (running->state, ==, BK_JOB_INTERRUPTED);
  g_assert_nonnull (running->message);

  bk_job_end (completed, NULL, NULL, created_usecs);
  bk_job_observe_without_process (completed, created_usecs + SECOND);
  g_assert_cmpint (completed->state, ==, BK_JOB_COMPLETED);
}

static void
tell (BkJob *job, BkJobRate *rate, const char *step, guint64 done, guint64 total, gint64 at)
{
  bk_job_set_progress (job, rate, &(BkProgress){ "vm/web1", step, done, total },
                       job->created_usecs + at);
}

static void
test_rate (void)
{
  g_autoptr (BkJob) job = make_job ();
  BkJobRate rate = { .count = 0 };

  tell (job, &rate, "copy", 0, 1000, 0);
  g_assert_cmpuint (job->progress->rate_bytes_per_second, ==, 0);
  g_assert_cmpint (job->progress->remaining_seconds, ==, -1);
  tell (job, &rate, "copy", 100, 1000, SECOND);
  g_assert_cmpuint (job->progress->rate_bytes_per_second, ==, 100);
  g_assert_cmpint (job->progress->remaining_seconds, ==, 9);
  tell (job, &rate, "copy", 1000, 1000, 2 * SECOND);
  g_assert_cmpint (job->progress->remaining_seconds, ==, 0);

  /* Another step is another rate. */
  tell (job, &rate, "hash", 0, 500, 3 * SECOND);
  g_assert_cmpuint (job->progress->rate_bytes_per_second, ==, 0);
  tell (job, &rate, "hash", 10, 0, 4 * SECOND);
  g_assert_cmpint (job->progress->remaining_seconds, ==, -1);
}

static void
test_rate_forgets_the_past (void)
{
  g_autoptr (BkJob) job = make_job ();
  BkJobRate rate = { .count = 0 };
  guint64 done = 0;

  /* A minute at 1000 a second, told 50 times a second, then 20 seconds at 10. */
  for (gint64 at = 0; at < 60 * SECOND; at += SECOND / 50)
    tell (job, &rate, "copy", done += 20, 1000000, at);
  g_assert_cmpuint (job->progress->rate_bytes_per_second, >=, 950);
  g_assert_cmpuint (job->progress->rate_bytes_per_second, <=, 1050);
  for (gint64 at = 60 * SECOND; at < 80 * SECOND; at += SECOND)
    tell (job, &rate, "copy", done += 10, 1000000, at);
  g_assert_cmpuint (job->progress->rate_bytes_per_second, >=, 9);
  g_assert_cmpuint (job->progress->rate_bytes_per_second, <=, 20);
}

static void
test_rate_with_a_clock_that_steps_back (void)
{
  g_autoptr (BkJob) job = make_job ();
  BkJobRate rate = { .count = 0 };

  tell (job, &rate, "copy", 0, 1000, 100 * SECOND);
  tell (job, &rate, "copy", 100, 1000, 101 * SECOND);
  tell (job, &rate, "copy", 200, 1000, 10 * SECOND);
  g_assert_cmpuint (job->progress->rate_bytes_per_second, ==, 0);
  tell (job, &rate, "copy", 300, 1000, 11 * SECOND);
  g_assert_cmpuint (job->progress->rate_bytes_per_second, ==, 100);
}

static void
test_projects (void)
{
  g_autoptr (BkJob) job = make_job ();

  bk_job_add_project (job, "vm/web1");
  bk_job_add_project (job, NULL);
  bk_job_add_project (job, "vm/web1");
  bk_job_add_project (job, "vm/db1");
  g_assert_cmpuint (job->projects->len, ==, 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model/job/ids", test_ids);
  g_test_add_func ("/model/job/ends", test_ends);
  g_test_add_func ("/model/job/without-process", test_without_process);
  g_test_add_func ("/model/job/rate", test_rate);
  g_test_add_func ("/model/job/rate-forgets-the-past", test_rate_forgets_the_past);
  g_test_add_func ("/model/job/rate-with-a-clock-that-steps-back",
                   test_rate_with_a_clock_that_steps_back);
  g_test_add_func ("/model/job/projects", test_projects);
  return g_test_run ();
}
