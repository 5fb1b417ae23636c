#include "model/schedule.h"

#include "base/error.h"

typedef struct
{
  const char *what;
  const char *text;
  const char *calendar; /* NULL: refused */
} Case;

static const Case cases[] = {
  { "word", "daily", "daily" },
  { "time", " 02:30 ", "02:30" },
  { "weekdays", "Mon..Fri  22:00", "Mon..Fri 22:00" },
  { "date-time-zone", "Sun *-*-1..7 03:00 Europe/Lisbon", "Sun *-*-1..7 03:00 Europe/Lisbon" },
  { "cron", "0 2 * * *", "*-*-* 02:00:00" },
  { "cron-steps", "*/15 8-18/2 * * *", "*-*-* 08..18/2:00/15:00" },
  { "cron-weekdays", "30 22 * * 1-5", "Mon..Fri *-*-* 22:30:00" },
  { "cron-sunday-twice", "0 3 * * 0,7", "Sun,Sun *-*-* 03:00:00" },
  { "cron-names", "0 3 * * mon,FRI", "Mon,Fri *-*-* 03:00:00" },
  { "cron-day-of-month", "5 4 1,15 */3 *", "*-01/3-01,15 04:05:00" },
  { "cron-word", "@weekly", "weekly" },
  { "cron-day-or-weekday", "0 2 1 * 1", NULL },
  { "cron-out-of-range", "60 2 * * *", NULL },
  { "cron-no-number", "x 2 * * *", NULL },
  { "cron-empty-element", "0, 2 * * *", NULL },
  { "empty", "", NULL },
  { "line-end", "daily\nExecStart=/bin/sh", NULL },
  { "specifier", "%h", NULL },
  { "section", "[Service]", NULL },
  { "too-many-words", "a b c d e f", NULL },
};

static void
test_calendar (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *calendar = bk_schedule_to_calendar (c->text, &error);

  g_assert_cmpstr (calendar, ==, c->calendar);
  if (c->calendar == NULL)
    g_assert_error (error, BK_ERROR, BK_ERROR_USAGE);
  else
    g_assert_no_error (error);
}

static void
test_unit (void)
{
  static const struct
  {
    const char *what;
    const char *unit; /* NULL: refused */
    const char *command;
  } units[] = {
    { "vms", "cockpit-backup-vms", "vm backup --all" },
    { "vm/web-1.example.org", "cockpit-backup-vm@web-1.example.org",
      "vm backup web-1.example.org" },
    { "tree/databases", "cockpit-backup-tree@databases", "tree backup databases" },
    { "prune", "cockpit-backup-prune", "prune" },
    { "verify", "cockpit-backup-verify", "verify --all" },
    { "event-log", "cockpit-backup-event-log", "event-log backup" },
    { "vm/", NULL, NULL },
    { "vm/a b", NULL, NULL },
    { "vm/../x", NULL, NULL },
    { "vm/--all", NULL, NULL },
    { "reboot", NULL, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *unit = bk_schedule_unit (units[i].what, &error);

      g_assert_cmpstr (unit, ==, units[i].unit);
      if (unit == NULL)
        {
          g_assert_error (error, BK_ERROR, BK_ERROR_USAGE);
          continue;
        }
      g_autofree char *command = bk_schedule_command (units[i].what);
      g_assert_cmpstr (command, ==, units[i].command);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/model/schedule/calendar/", cases[i].what, NULL);

      g_test_add_data_func (path, &cases[i], test_calendar);
    }
  g_test_add_func ("/model/schedule/unit", test_unit);
  return g_test_run ();
}
