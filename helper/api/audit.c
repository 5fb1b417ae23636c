#include "api/audit.h"

#include "base/error.h"
#include "format/json.h"
#include "model/event.h"
#include "store/event-log/event-log.h"

#include <string.h>

/* Operations that change something, the event they are, and the argument that says of what. Where
 * `backups` is set, each backup that the result names is an event of its own. */
static const struct
{
  const char *operation;
  const char *evento;
  const char *entidade;
  const char *argument;
  gboolean backups;
} changes[] = {
  { "vm.backup", BK_EVENT_CREATED, "backup", NULL, TRUE },
  { "tree.backup", BK_EVENT_CREATED, "backup", NULL, TRUE },
  { "vm.restore", BK_EVENT_RESTORED, "backup", "id", FALSE },
  { "tree.restore", BK_EVENT_RESTORED, "tree", "project", FALSE },
  { "vm.forget", BK_EVENT_DELETED, "vm", "vms", FALSE },
  { "backup.verify", BK_EVENT_VERIFIED, "backup", "ids", FALSE },
  { "backup.pin", BK_EVENT_PINNED, "backup", "id", FALSE },
  { "backup.delete", BK_EVENT_DELETED, "backup", "id", FALSE },
  { "prune", BK_EVENT_PRUNED, "repository", NULL, FALSE },
};

/**
 * bk_audit:
 * @payload: (nullable)
 *
 * Records one change that @call made, by its actor.
 */
gboolean
bk_audit (const BkCall *call,
          const char *evento,
          const char *entidade,
          const char *entidade_id,
          JsonObject *payload,
          GError **error)
{
  return bk_event_record (call->settings->state_dir, call->actor, evento, entidade, entidade_id,
                          payload, error);
}

/* The change is made: that it could not be recorded is told, and does not undo it. */
static void
audit_or_say (const BkCall *call,
              const char *evento,
              const char *entidade,
              const char *entidade_id,
              JsonObject *payload)
{
  g_autoptr (GError) error = NULL;

  if (!bk_audit (call, evento, entidade, entidade_id, payload, &error))
    bk_reporter_message (call->reporter, BK_LOG_ERROR, "event-log/default", NULL,
                         "event-log.append",
                         "“%s” of “%s” is not in the event log: %s. Mend that, and note it by hand",
                         evento, entidade_id, error->message);
}

static const char *
text_of (JsonObject *object, const char *name)
{
  return json_object_get_string_member_with_default (object, name, "");
}

static void
audit_backup (const BkCall *call, const char *evento, const char *entidade, JsonObject *view)
{
  g_autoptr (JsonObject) payload = json_object_new ();
  g_autofree char *id =
      g_strdup_printf ("%s/%s", text_of (view, "project_id"), text_of (view, "backup_id"));
  const char *step = text_of (view, "step");

  json_object_set_string_member (payload, "step", step);
  json_object_set_int_member (payload, "size_bytes",
                              json_object_get_int_member_with_default (view, "size_bytes", 0));
  bk_json_set_string_or_null (payload, "job_id", call->job_id);
  audit_or_say (call, strcmp (step, "consolidation") == 0 ? BK_EVENT_CONSOLIDATED : evento, entidade, id,
                payload);
}

static void
audit_backups (const BkCall *call, const char *evento, const char *entidade, JsonNode *result)
{
  JsonObject *object =
      result != NULL && JSON_NODE_HOLDS_OBJECT (result) ? json_node_get_object (result) : NULL;
  JsonNode *list = object == NULL ? NULL : json_object_get_member (object, "backups");

  if (object != NULL && json_object_has_member (object, "backup_id"))
    audit_backup (call, evento, entidade, object);
  if (list == NULL || !JSON_NODE_HOLDS_ARRAY (list))
    return;
  JsonArray *backups = json_node_get_array (list);
  for (guint i = 0; i < json_array_get_length (backups); i++)
    {
      JsonNode *node = json_array_get_element (backups, i);

      if (JSON_NODE_HOLDS_OBJECT (node))
        audit_backup (call, evento, entidade, json_node_get_object (node));
    }
}

static char *
argument_text (const BkCall *call, const char *name)
{
  JsonNode *node = name == NULL ? NULL : json_object_get_member (call->args, name);

  if (node != NULL && JSON_NODE_HOLDS_ARRAY (node))
    {
      g_auto (GStrv) texts = bk_call_strings (call, name);

      return g_strjoinv (" ", texts);
    }
  return g_strdup (node == NULL ? "" : json_node_get_string (node));
}

/* In no language: who reads it years later may read another, and the job's log has the words. */
static JsonObject *
payload_of (const BkCall *call, JsonNode *result, const GError *failure)
{
  JsonObject *payload = json_object_new ();

  json_object_set_object_member (payload, "args", json_object_ref (call->args));
  json_object_set_member (
      payload, "result", result == NULL ? json_node_new (JSON_NODE_NULL) : json_node_copy (result));
  bk_json_set_string_or_null (payload, "job_id", call->job_id);
  bk_json_set_string_or_null (payload, "problem",
                              failure == NULL ? NULL : bk_error_problem (failure));
  return payload;
}

/**
 * bk_audit_job:
 * @call: with the job's id and reporter
 * @result: (nullable): what it emitted
 * @failure: (nullable): what it ended with; an operation that failed may have changed something
 *
 * Records what a job did. A plan changes nothing and is not recorded.
 */
void
bk_audit_job (const BkOperation *operation,
              const BkCall *call,
              JsonNode *result,
              const GError *failure)
{
  if (bk_call_bool (call, "plan", FALSE) || bk_call_bool (call, "list_only", FALSE))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
    {
      if (strcmp (changes[i].operation, operation->name) != 0)
        continue;
      if (changes[i].backups)
        {
          audit_backups (call, changes[i].evento, changes[i].entidade, result);
          return;
        }

      g_autofree char *id = argument_text (call, changes[i].argument);
      g_autoptr (JsonObject) payload = payload_of (call, result, failure);
      audit_or_say (call, changes[i].evento, changes[i].entidade, id, payload);
      return;
    }
}
