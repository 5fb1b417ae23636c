#include "cockpit/denials.h"

#include "cockpit/user.h"
#include "format/json.h"
#include "model/attempts.h"
#include "model/event.h"
#include "store/event-log/event-log.h"

#define LOOK_SECONDS 15

struct _BkDenialLog
{
  char *state_dir;
  BkAttempts *attempts;
  GThreadPool *writer; /* of one thread */
  guint look_id;       /* while there may be something to come */
};

static JsonObject *
payload_of (const BkDenials *denials)
{
  JsonObject *payload = json_object_new ();
  JsonObject *reasons = json_object_new ();

  for (guint i = 0; i < BK_ATTEMPTS_REASONS_MAX && denials->reasons[i] != NULL; i++)
    json_object_set_int_member (reasons, denials->reasons[i], (gint64) denials->reason_counts[i]);
  json_object_set_int_member (payload, "count", (gint64) denials->count);
  json_object_set_object_member (payload, "reasons", reasons);
  if (denials->uid == BK_ATTEMPTS_OTHERS)
    json_object_set_null_member (payload, "uid");
  else
    json_object_set_int_member (payload, "uid", denials->uid);
  return payload;
}

/* In the writer's thread. */
static void
write_denials (gpointer data, gpointer user_data)
{
  g_autoptr (BkDenials) denials = data;
  const char *state_dir = user_data;
  g_autofree char *actor =
      denials->uid == BK_ATTEMPTS_OTHERS ? g_strdup ("(several)") : bk_user_dup_name (denials->uid);
  g_autoptr (JsonObject) payload = payload_of (denials);
  g_autoptr (GError) error = NULL;

  if (!bk_event_record (state_dir, actor, BK_EVENT_ACCESS_DENIED, "operation", denials->operation,
                        payload, &error))
    g_warning ("Access was denied to “%s” %" G_GUINT64_FORMAT
               " times, and the event log cannot say "
               "so: %s",
               actor, denials->count, error->message);
}

/**
 * bk_denial_log_new:
 * @state_dir: where the event log is
 *
 * Returns: (transfer full): a log that nobody was denied in yet.
 */
BkDenialLog *
bk_denial_log_new (const char *state_dir)
{
  BkDenialLog *self = g_new0 (BkDenialLog, 1);

  self->state_dir = g_strdup (state_dir);
  self->attempts = bk_attempts_new ();
  self->writer = g_thread_pool_new (write_denials, self->state_dir, 1, FALSE, NULL);
  return self;
}

static void
write_due (BkDenialLog *self, gint64 now_usecs)
{
  g_autoptr (GPtrArray) due = bk_attempts_due (self->attempts, now_usecs);

  while (due->len > 0)
    g_thread_pool_push (self->writer, g_ptr_array_steal_index (due, due->len - 1), NULL);
}

/**
 * bk_denial_log_free:
 *
 * Writes what is still to be written, and waits for it.
 */
void
bk_denial_log_free (BkDenialLog *log)
{
  g_clear_handle_id (&log->look_id, g_source_remove);
  write_due (log, G_MAXINT64);
  g_thread_pool_free (log->writer, FALSE, TRUE);
  bk_attempts_free (log->attempts);
  g_free (log->state_dir);
  g_free (log);
}

static gboolean
on_look (gpointer user_data)
{
  BkDenialLog *self = user_data;

  write_due (self, g_get_monotonic_time ());
  if (!bk_attempts_is_quiet (self->attempts))
    return G_SOURCE_CONTINUE;
  self->look_id = 0;
  return G_SOURCE_REMOVE;
}

/**
 * bk_denial_log_may_guess:
 *
 * Returns: whether a ticket of @uid is worth a look; see model/attempts.h.
 */
gboolean
bk_denial_log_may_guess (BkDenialLog *log, guint32 uid)
{
  return bk_attempts_may_guess (log->attempts, uid, g_get_monotonic_time ());
}

/**
 * bk_denial_log_guessed:
 * @uid: showed a ticket that is none: whoever does that again and again has to wait
 */
void
bk_denial_log_guessed (BkDenialLog *log, guint32 uid)
{
  bk_attempts_guessed (log->attempts, uid, g_get_monotonic_time ());
}

/**
 * bk_denial_log_add:
 * @operation: what was asked for; valid UTF-8
 * @reason: a word that lives for good
 */
void
bk_denial_log_add (BkDenialLog *log, guint32 uid, const char *operation, const char *reason)
{
  BkDenials *now =
      bk_attempts_denied (log->attempts, uid, operation, reason, g_get_monotonic_time ());

  if (now != NULL)
    g_thread_pool_push (log->writer, now, NULL);
  if (log->look_id == 0)
    log->look_id = g_timeout_add_seconds (LOOK_SECONDS, on_look, log);
}
