#include "ops/schedule.h"

#include "base/error.h"

#include <glib/gstdio.h>
#include <string.h>

/* A systemctl that writes down what it is called with, and fails when a file says so. */
#define FAKE                                                                                       \
  "#!/bin/sh\ncd \"$(dirname \"$0\")\"\necho \"$@\" >>calls\n[ ! -e broken ] || { echo 'Unit not " \
  "found.' >&2; exit 1; }\n"

typedef struct
{
  char *dir;
  BkScheduler scheduler;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->dir = g_dir_make_tmp ("bk-schedule-XXXXXX", NULL);
  fixture->scheduler.unit_dir = g_build_filename (fixture->dir, "units", NULL);
  fixture->scheduler.systemctl = g_build_filename (fixture->dir, "systemctl", NULL);
  g_assert_cmpint (g_mkdir (fixture->scheduler.unit_dir, 0755), ==, 0);
  g_assert_true (g_file_set_contents (fixture->scheduler.systemctl, FAKE, -1, NULL));
  g_chmod (fixture->scheduler.systemctl, 0755);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  const char *const argv[] = { "rm", "-rf", fixture->dir, NULL };

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               NULL, NULL, NULL));
  g_free (fixture->scheduler.unit_dir);
  g_free (fixture->scheduler.systemctl);
  g_free (fixture->dir);
}

static char *
text_of (Fixture *fixture, const char *name)
{
  g_autofree char *path = g_build_filename (fixture->dir, name, NULL);
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, NULL);
  return text;
}

#define DROP_IN "units/cockpit-backup-prune.timer.d/cockpit-backup.conf"

static void
test_set_and_take_away (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  bk_scheduler_apply (&fixture->scheduler, "cockpit-backup-prune", "Mon 03:00", &error);
  g_assert_no_error (error);
  g_autofree char *drop_in = text_of (fixture, DROP_IN);
  g_assert_nonnull (strstr (drop_in, "[Timer]\nOnCalendar=\nOnCalendar=Mon 03:00\n"));

  bk_scheduler_apply (&fixture->scheduler, "cockpit-backup-prune", NULL, &error);
  g_assert_no_error (error);
  g_autofree char *gone = text_of (fixture, DROP_IN);
  g_assert_null (gone);
  bk_scheduler_apply (&fixture->scheduler, "cockpit-backup-prune", NULL, &error);
  g_assert_no_error (error);

  g_autofree char *calls = text_of (fixture, "calls");
  g_assert_cmpstr (calls, ==,
                   "daemon-reload\n"
                   "enable --quiet cockpit-backup-prune.timer\n"
                   "restart --quiet cockpit-backup-prune.timer\n"
                   "disable --now cockpit-backup-prune.timer\ndaemon-reload\n"
                   "disable --now cockpit-backup-prune.timer\ndaemon-reload\n");
}

static void
test_failure_is_told (Fixture *fixture, gconstpointer data)
{
  g_autofree char *broken = g_build_filename (fixture->dir, "broken", NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (broken, "", 0, NULL);
  g_assert_false (bk_scheduler_apply (&fixture->scheduler, "cockpit-backup-x", "daily", &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "Unit not found."));
  g_assert_false (bk_scheduler_is_active (&fixture->scheduler, "cockpit-backup-x"));
}

static void
test_without_systemd (void)
{
  const BkScheduler scheduler = { NULL, NULL, NULL };
  g_autoptr (GError) error = NULL;
  gint64 next_usecs;

  g_assert_false (bk_scheduler_apply (&scheduler, "cockpit-backup-x", "daily", &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_UNAVAILABLE);
  g_assert_false (bk_scheduler_is_active (&scheduler, "cockpit-backup-x"));
  g_assert_true (bk_scheduler_check (&scheduler, "daily", &next_usecs, NULL));
  g_assert_cmpint (next_usecs, ==, 0);
}

static void
test_check (Fixture *fixture, gconstpointer data)
{
  g_autofree char *analyze = g_build_filename (fixture->dir, "systemd-analyze", NULL);
  const BkScheduler scheduler = { NULL, NULL, analyze };
  g_autoptr (GError) error = NULL;
  gint64 next_usecs;

  g_file_set_contents (analyze,
                       "#!/bin/sh\n[ \"$4\" = daily ] || { echo 'Failed to parse' >&2; exit 1; }\n"
                       "echo '    Next elapse: Sun 2026-11-22 00:00:00 -03'\n"
                       "echo '       (in UTC): Sun 2026-11-22 03:00:00 UTC'\n",
                       -1, NULL);
  g_chmod (analyze, 0755);
  g_assert_true (bk_scheduler_check (&scheduler, "daily", &next_usecs, NULL));
  g_assert_cmpint (next_usecs / G_USEC_PER_SEC, ==, 1795316400);
  g_assert_false (bk_scheduler_check (&scheduler, "foo", &next_usecs, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_USAGE);
  g_assert_nonnull (strstr (error->message, "Failed to parse"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/ops/schedule/set-and-take-away", Fixture, NULL, set_up, test_set_and_take_away,
              tear_down);
  g_test_add ("/ops/schedule/failure-is-told", Fixture, NULL, set_up, test_failure_is_told,
              tear_down);
  g_test_add_func ("/ops/schedule/without-systemd", test_without_systemd);
  g_test_add ("/ops/schedule/check", Fixture, NULL, set_up, test_check, tear_down);
  return g_test_run ();
}
