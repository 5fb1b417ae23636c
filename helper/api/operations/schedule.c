#include "api/operations/schedule.h"

#include "api/audit.h"
#include "base/error.h"
#include "base/gettext.h"
#include "format/json.h"
#include "format/tree-settings-edit.h"
#include "model/event.h"
#include "model/schedule.h"
#include "ops/schedule.h"
#include "store/state/settings-file.h"


static const char *
path_of (const BkCall *call)
{
  return call->settings->config_path != NULL ? call->settings->config_path : BK_CONFIG_PATH;
}

/* schedule.json */
static JsonNode *
view_of (const BkScheduler *scheduler, const BkSchedule *schedule)
{
  JsonObject *object = json_object_new ();
  g_autoptr (GError) problem = NULL;
  g_autofree char *unit = bk_schedule_unit (schedule->what, &problem);
  g_autofree char *calendar =
      unit == NULL ? NULL : bk_schedule_to_calendar (schedule->text, &problem);
  g_autofree char *command = unit == NULL ? NULL : bk_schedule_command (schedule->what);
  g_autofree char *timer = unit == NULL ? NULL : g_strconcat (unit, ".timer", NULL);
  gint64 next_usecs = 0;
  gboolean is_good =
      calendar != NULL && bk_scheduler_check (scheduler, calendar, &next_usecs, &problem);
  gboolean is_active = is_good && bk_scheduler_is_active (scheduler, unit);

  json_object_set_string_member (object, "what", schedule->what);
  json_object_set_string_member (object, "schedule", schedule->text);
  bk_json_set_string_or_null (object, "calendar", calendar);
  bk_json_set_string_or_null (object, "command", command);
  bk_json_set_string_or_null (object, "unit", timer);
  json_object_set_boolean_member (object, "active", is_active);
  bk_json_set_time_or_null (object, "next_at", is_active ? next_usecs : 0);
  bk_json_set_string_or_null (object, "problem", problem == NULL ? NULL : problem->message);
  return bk_json_object_node (object);
}

static gboolean
run_list (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  g_autoptr (BkScheduler) scheduler = bk_scheduler_new_for_host ();
  g_autoptr (JsonObject) config = bk_config_read (call->settings, error);
  g_autoptr (GPtrArray) schedules = config == NULL ? NULL : bk_schedules_list (config, error);

  for (guint i = 0; schedules != NULL && i < schedules->len; i++)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error) ||
          !bk_sink_emit (sink, BK_SINK_ITEM, view_of (scheduler, g_ptr_array_index (schedules, i)),
                         cancellable, error))
        return FALSE;
    }
  if (schedules == NULL)
    return FALSE;

  JsonObject *result = json_object_new ();
  json_object_set_int_member (result, "count", schedules->len);
  json_object_set_boolean_member (result, "systemd", scheduler->systemctl != NULL);
  return bk_sink_emit (sink, BK_SINK_RESULT, bk_json_object_node (result), cancellable, error);
}

typedef struct
{
  const char *what;
  const char *text; /* (nullable) */
} Change;

static gboolean
put_schedule (JsonObject *config, gpointer user_data, GError **error)
{
  const Change *change = user_data;

  return bk_schedules_put (config, change->what, change->text, error);
}

/* Stored first: what is stored and not set up shows as not active, and can be set again. */
static gboolean
run_set (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  const char *when = bk_call_string (call, "when");
  Change change = { bk_call_string (call, "what"), when == NULL || *when == '\0' ? NULL : when };
  g_autoptr (BkScheduler) scheduler = bk_scheduler_new_for_host ();
  g_autofree char *unit = bk_schedule_unit (change.what, error);
  g_autofree char *calendar = NULL;
  gint64 next_usecs;

  if (unit == NULL)
    return FALSE;
  if (change.text != NULL)
    {
      calendar = bk_schedule_to_calendar (change.text, error);
      if (calendar == NULL || !bk_scheduler_check (scheduler, calendar, &next_usecs, error))
        return FALSE;
    }
  return bk_config_change (path_of (call), put_schedule, &change, error) &&
         bk_audit (call, BK_EVENT_SETTINGS_CHANGED, "settings", "schedules", call->args, error) &&
         (scheduler->systemctl == NULL || bk_scheduler_apply (scheduler, unit, calendar, error)) &&
         run_list (call, sink, cancellable, error);
}

static const BkParam no_params[] = { { NULL } };

static const BkParam set_params[] = {
  { "what", BK_PARAM_STRING, BK_PARAM_REQUIRED | BK_PARAM_POSITIONAL,
    N_ ("vms (every VM), vm/NAME, tree/NAME, prune, verify or event-log") },
  { "when", BK_PARAM_STRING, BK_PARAM_POSITIONAL,
    N_ ("as OnCalendar takes it (daily, Mon..Fri 22:00), or a crontab's five fields; without it: "
        "not by itself any more") },
  { NULL },
};

const BkOperation bk_operation_schedule_list = {
  .name = "schedule.list",
  .command = "schedule list",
  .summary = N_ ("List what runs by itself, and when"),
  .params = no_params,
  .run = run_list,
};

const BkOperation bk_operation_schedule_set = {
  .name = "schedule.set",
  .command = "schedule set",
  .summary = N_ ("Have something run by itself, by a timer of systemd"),
  .params = set_params,
  .run = run_set,
};
