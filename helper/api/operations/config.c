#include "api/operations/config.h"

#include "api/audit.h"
#include "base/gettext.h"
#include "format/settings-json.h"
#include "model/event.h"
#include "ops/settings-check.h"
#include "store/state/settings-file.h"
#include "vm/libvirt-module.h"

static gboolean
emit_settings (const BkSettings *settings, BkSink *sink, GCancellable *cancellable, GError **error)
{
  g_autoptr (JsonObject) object = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  BkSpace space;

  bk_settings_add_json (settings, object);
  json_object_set_string_member (object, "config_path", settings->config_path);
  if (bk_space_at (settings->repository_dir, &space))
    {
      json_object_set_int_member (object, "repository_free_bytes", (gint64) space.free_bytes);
      json_object_set_int_member (object, "repository_total_bytes", (gint64) space.total_bytes);
    }
  json_node_set_object (node, object);
  return bk_sink_emit (sink, BK_SINK_RESULT, node, cancellable, error);
}

static gboolean
run_get (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  return emit_settings (call->settings, sink, cancellable, error);
}

/* What cannot work on this machine is refused here; what is wrong by its form, where it is stored. */
static gboolean
check_value (const BkCall *call, GCancellable *cancellable, GError **error)
{
  const BkSetting *setting = bk_setting_find (bk_call_string (call, "key"));
  const char *value = bk_call_string (call, "value");
  g_autoptr (BkSettings) scratch = bk_settings_new ();
  g_autoptr (BkHypervisor) hypervisor = bk_libvirt_open (call->settings->connect_uri, NULL);

  return setting == NULL || (bk_settings_set (scratch, setting, value, error) &&
                             bk_setting_check (setting, value, hypervisor, cancellable, error));
}

static gboolean
run_set (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  const char *path =
      call->settings->config_path != NULL ? call->settings->config_path : BK_CONFIG_PATH;
  g_auto (GStrv) environment = g_get_environ ();

  if (!check_value (call, cancellable, error) ||
      !bk_settings_store (path, bk_call_string (call, "key"), bk_call_string (call, "value"),
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
