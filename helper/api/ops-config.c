#include "api/ops-config.h"

#include "api/audit.h"
#include "base/gettext.h"
#include "format/settings-json.h"
#include "model/event.h"
#include "store/settings-file.h"

static gboolean
emit_settings (const BkSettings *settings, BkSink *sink, GCancellable *cancellable, GError **error)
{
  g_autoptr (JsonObject) object = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  bk_settings_add_json (settings, object);
  json_object_set_string_member (object, "config_path", settings->config_path);
  json_node_set_object (node, object);
  return bk_sink_emit (sink, BK_SINK_RESULT, node, cancellable, error);
}

static gboolean
run_get (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  return emit_settings (call->settings, sink, cancellable, error);
}

static gboolean
run_set (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  const char *path =
      call->settings->config_path != NULL ? call->settings->config_path : BK_CONFIG_PATH;
  g_auto (GStrv) environment = g_get_environ ();

  if (!bk_settings_store (path, bk_call_string (call, "key"), bk_call_string (call, "value"),
                          error) ||
      !bk_audit (call, BK_EVENT_SETTINGS_CHANGED, "settings", bk_call_string (call, "key"),
                 call->args, error))
    return FALSE;

  g_autoptr (BkSettings) settings = bk_settings_load (path, environment, error);
  return settings != NULL && emit_settings (settings, sink, cancellable, error);
}

static const BkParam no_params[] = { { NULL } };

static const BkParam set_params[] = {
  { "key", BK_PARAM_STRING, BK_PARAM_REQUIRED | BK_PARAM_POSITIONAL,
    N_ ("which setting; “config get” shows them all") },
  { "value", BK_PARAM_STRING, BK_PARAM_REQUIRED | BK_PARAM_POSITIONAL, N_ ("its new value") },
  { NULL },
};

const BkOperation bk_operation_config_get = {
  .name = "config.get",
  .command = "config get",
  .summary = N_ ("Show the settings that are in force"),
  .params = no_params,
  .run = run_get,
};

const BkOperation bk_operation_config_set = {
  .name = "config.set",
  .command = "config set",
  .summary = N_ ("Change one setting for good"),
  .params = set_params,
  .run = run_set,
};
