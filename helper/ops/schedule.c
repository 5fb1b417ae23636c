#include "ops/schedule.h"

#include "base/atomic-file.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/timestamp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNIT_DIR "/etc/systemd/system"
#define RUNNING_SYSTEMD "/run/systemd/system" /* sd_booted(3) */
#define DROP_IN "cockpit-backup.conf"
#define NEXT_LINE "Next elapse: "
#define NEXT_UTC_LINE "(in UTC): "

/**
 * bk_scheduler_new_for_host:
 *
 * Returns: (transfer full): what this host offers.
 */
BkScheduler *
bk_scheduler_new_for_host (void)
{
  BkScheduler *self = g_new0 (BkScheduler, 1);

  self->unit_dir = g_strdup (UNIT_DIR);
  if (g_file_test (RUNNING_SYSTEMD, G_FILE_TEST_IS_DIR))
    self->systemctl = g_find_program_in_path ("systemctl");
  self->analyze = g_find_program_in_path ("systemd-analyze");
  return self;
}

void
bk_scheduler_free (BkScheduler *scheduler)
{
  g_free (scheduler->unit_dir);
  g_free (scheduler->systemctl);
  g_free (scheduler->analyze);
  g_free (scheduler);
}

/* @output: (out) (optional): what it printed
 * @why: (out): what it said when it failed */
static gboolean
run (const char *const *argv, char **output, char **why)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autoptr (GError) error = NULL;
  g_autofree char *errors = NULL;
  g_autofree char *printed = NULL;

  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C.UTF-8", TRUE);
  g_autoptr (GSubprocess) process = g_subprocess_launcher_spawnv (launcher, argv, &error);
  if (process == NULL ||
      !g_subprocess_communicate_utf8 (process, NULL, NULL, &printed, &errors, &error))
    {
      *why = g_strdup (error->message);
      return FALSE;
    }
  if (output != NULL)
    *output = g_steal_pointer (&printed);
  if (g_subprocess_get_successful (process))
    return TRUE;
  *why = bk_error_one_line (g_strstrip (errors));
  return FALSE;
}

/* "Sun 2026-11-22 02:00:00 UTC" after @label; 0 where there is none. */
static gint64
time_after (const char *text, const char *label)
{
  const char *at = strstr (text, label);
  int year, month, day, hour, minute, second;

  if (at == NULL || sscanf (at + strlen (label), "%*3s %d-%d-%d %d:%d:%d UTC", &year, &month, &day,
                            &hour, &minute, &second) != 6)
    return 0;
  g_autoptr (GDateTime) time = g_date_time_new_utc (year, month, day, hour, minute, second);
  return time == NULL ? 0 : g_date_time_to_unix (time) * G_USEC_PER_SEC;
}

/**
 * bk_scheduler_check:
 * @calendar: as bk_schedule_to_calendar() gave it
 * @next_usecs: (out): when it comes next; 0 when that cannot be told
 *
 * Errors: %BK_ERROR_USAGE, with systemd's own words, for an expression it does not take.
 */
gboolean
bk_scheduler_check (const BkScheduler *scheduler,
                    const char *calendar,
                    gint64 *next_usecs,
                    GError **error)
{
  const char *argv[] = { scheduler->analyze, "calendar", "--iterations=1", "--", calendar, NULL };
  g_autofree char *output = NULL;
  g_autofree char *why = NULL;

  *next_usecs = 0;
  if (scheduler->analyze == NULL)
    return TRUE;
  if (!run (argv, &output, &why))
    {
      bk_set_error (error, BK_ERROR_USAGE, "“%s” is no time as a timer takes it: %s", calendar,
                    why);
      return FALSE;
    }
  *next_usecs = time_after (output, NEXT_UTC_LINE);
  if (*next_usecs == 0)
    *next_usecs = time_after (output, NEXT_LINE);
  return TRUE;
}

static gboolean
systemctl (const BkScheduler *scheduler,
           const char *verb,
           const char *option,
           const char *unit,
           GError **error)
{
  const char *argv[] = { scheduler->systemctl, verb, option, unit, NULL };
  g_autofree char *why = NULL;

  if (run (argv, NULL, &why))
    return TRUE;
  bk_set_error (error, BK_ERROR_FAILED, "systemctl %s %s failed: %s", verb,
                unit == NULL ? "" : unit, why);
  return FALSE;
}

static gboolean
write_drop_in (int dirfd, const char *directory, const char *calendar, GError **error)
{
  /* The empty one takes away what the unit itself says. */
  g_autofree char *text = g_strdup_printf ("# Written by cockpit-backup; change it there.\n"
                                           "[Timer]\nOnCalendar=\nOnCalendar=%s\n"
                                           "RandomizedDelaySec=0\n",
                                           calendar);

  if (mkdirat (dirfd, directory, 0755) < 0 && errno != EEXIST)
    return bk_error_set_errno (error, errno, "The directory “%s” cannot be made", directory);
  autofd int fd = bk_open_directory_at (dirfd, directory, error);
  return fd >= 0 && bk_atomic_write (fd, DROP_IN, text, strlen (text), 0644, error);
}

static gboolean
remove_drop_in (int dirfd, const char *directory, GError **error)
{
  g_autoptr (GError) problem = NULL;
  autofd int fd = bk_open_directory_at (dirfd, directory, &problem);

  if (fd < 0)
    {
      if (g_error_matches (problem, BK_ERROR, BK_ERROR_NOT_FOUND))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&problem));
      return FALSE;
    }
  if (unlinkat (fd, DROP_IN, 0) < 0 && errno != ENOENT)
    return bk_error_set_errno (error, errno, "“%s/%s” cannot be removed", directory, DROP_IN);
  /* Others may have put theirs beside ours. */
  unlinkat (dirfd, directory, AT_REMOVEDIR);
  return TRUE;
}

/**
 * bk_scheduler_apply:
 * @unit: less its suffix
 * @calendar: (nullable): %NULL for no timer any more
 *
 * Sets the timer up as a change to the one that is installed, and starts it; or takes it away.
 *
 * Errors: %BK_ERROR_UNAVAILABLE where systemd does not run.
 */
gboolean
bk_scheduler_apply (const BkScheduler *scheduler,
                    const char *unit,
                    const char *calendar,
                    GError **error)
{
  g_autofree char *timer = g_strconcat (unit, ".timer", NULL);
  g_autofree char *directory = g_strconcat (timer, ".d", NULL);

  if (scheduler->systemctl == NULL)
    {
      bk_set_error (error, BK_ERROR_UNAVAILABLE,
                    "There is no systemd on this machine to set “%s” up", timer);
      return FALSE;
    }
  autofd int dirfd = bk_open_directory (scheduler->unit_dir, error);
  if (dirfd < 0)
    return FALSE;
  if (calendar != NULL)
    return write_drop_in (dirfd, directory, calendar, error) &&
           systemctl (scheduler, "daemon-reload", NULL, NULL, error) &&
           systemctl (scheduler, "enable", "--quiet", timer, error) &&
           systemctl (scheduler, "restart", "--quiet", timer, error);
  return systemctl (scheduler, "disable", "--now", timer, error) &&
         remove_drop_in (dirfd, directory, error) &&
         systemctl (scheduler, "daemon-reload", NULL, NULL, error);
}

/**
 * bk_scheduler_is_active:
 *
 * Returns: whether the timer of @unit runs.
 */
gboolean
bk_scheduler_is_active (const BkScheduler *scheduler, const char *unit)
{
  g_autofree char *timer = g_strconcat (unit, ".timer", NULL);
  const char *argv[] = { scheduler->systemctl, "is-active", "--quiet", timer, NULL };
  g_autofree char *why = NULL;

  return scheduler->systemctl != NULL && run (argv, NULL, &why);
}
