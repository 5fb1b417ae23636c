#pragma once

#include <glib.h>

/*
 * What runs by itself, and when. A schedule is of one thing: “vms” (every VM), “vm/<name>”,
 * “tree/<name>” (of “backups” in the settings), “prune”, “verify”, “event-log”. When is an expression
 * as OnCalendar of systemd.timer(5) takes it, or the five fields of a crontab, which are turned into
 * one.
 */

char *bk_schedule_unit (const char *what, GError **error);
char *bk_schedule_command (const char *what);
char *bk_schedule_to_calendar (const char *text, GError **error);
