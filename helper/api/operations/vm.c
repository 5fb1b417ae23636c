#include "api/operations/vm.h"

#include "api/views/vm.h"
#include "base/error.h"
#include "base/gettext.h"
#include "format/json.h"
#include "ops/vm/forget.h"
#include "vm/libvirt-module.h"

#include <string.h>

/* What a run over several VMs adds up to: vm-backup-result.json. */
typedef struct
{
  JsonArray *backups;
  JsonArray *failed;
  guint64 size_bytes;
  guint warnings_count;
  GError *first_error;
} Tally;

static void
count_failure (Tally *tally, const char *vm, GError *failure)
{
  JsonObject *object = json_object_new ();
  g_autofree char *project_id = g_strconcat ("vm/", vm, NULL);

  json_object_set_string_member (object, "vm", vm);
  json_object_set_string_member (object, "project_id", project_id);
  json_object_set_string_member (object, "problem", bk_error_problem (failure));
  json_object_set_string_member (object, "message", failure->message);
  json_array_add_object_element (tally->failed, object);
  if (tally->first_error == NULL)
    tally->first_error = failure;
  else
    g_error_free (failure);
}

static void
count_success (Tally *tally, const char *vm, const BkVmBackupOutcome *outcome)
{
  JsonObject *view = bk_view_vm_backup (vm, outcome);

  tally->warnings_count += json_array_get_length (json_object_get_array_member (view, "warnings"));
  tally->size_bytes += outcome->backup->size_bytes;
  json_array_add_object_element (tally->backups, view);
}

static gboolean
finish_tally (
    Tally *tally, gint64 duration_usecs, BkSink *sink, GCancellable *cancellable, GError **error)
{
  guint done_count = json_array_get_length (tally->backups);
  guint failed_count = json_array_get_length (tally->failed);
  JsonObject *result = json_object_new ();

  json_object_set_array_member (result, "backups", tally->backups);
  json_object_set_array_member (result, "failed", tally->failed);
  json_object_set_int_member (result, "size_bytes", (gint64) tally->size_bytes);
  json_object_set_double_member (result, "seconds", (double) (duration_usecs / 1000) / 1000);
  json_object_set_int_member (result, "warnings_count", tally->warnings_count);
  if (!bk_sink_emit (sink, BK_SINK_RESULT, bk_json_object_node (result), NULL, error))
    {
      g_clear_error (&tally->first_error);
      return FALSE;
    }
  if (tally->first_error == NULL)
    return TRUE;
  if (done_count + failed_count > 1)
    bk_prefix_error (&tally->first_error, "%u of %u VMs were not backed up: ", failed_count,
                     done_count + failed_count);
  g_propagate_error (error, tally->first_error);
  return FALSE;
}

/* What the arguments ask for; the VM is set by who goes through them. */
static BkVmBackupRequest
backup_request (const BkCall *call, GStrv exclude_disks)
{
  const char *merge = bk_call_string (call, "merge");
  const char *compress = bk_call_string (call, "compress");
  BkMergeMode mode = BK_MERGE_AUTO;

  bk_merge_mode_from_string (merge == NULL ? call->settings->merge_mode : merge, &mode);
  return (BkVmBackupRequest){
    .merge = mode,
    .compress = g_strcmp0 (compress == NULL ? call->settings->compression : compress, "zstd") == 0,
    .job_id = call->job_id == NULL ? "" : call->job_id,
    .max_incrementals =
        (guint) bk_call_int (call, "max_incrementals", call->settings->max_incrementals),
    .standalone = bk_call_bool (call, "standalone", FALSE),
    .pin_label = bk_call_string (call, "pin"),
    .exclude_disks = (const char *const *) exclude_disks,
    .quiesce = bk_call_bool (call, "quiesce", TRUE),
    .limit_mib = (guint) bk_call_int (call, "limit_mib", 0),
    .verify = bk_call_bool (call, "verify", strcmp (call->settings->verify, "yes") == 0),
  };
}

static gboolean
finish_plan (const Tally *tally, BkSink *sink, GCancellable *cancellable, GError **error)
{
  guint failed_count = json_array_get_length (tally->failed);
  JsonObject *result = json_object_new ();

  json_object_set_boolean_member (result, "plan", TRUE);
  json_object_set_array_member (result, "vms", tally->backups);
  json_object_set_array_member (result, "failed", tally->failed);
  json_object_set_int_member (result, "needed_bytes", (gint64) tally->size_bytes);
  if (!bk_sink_emit (sink, BK_SINK_RESULT, bk_json_object_node (result), cancellable, error))
    return FALSE;
  if (failed_count == 0)
    return TRUE;
  g_propagate_error (error, g_error_copy (tally->first_error));
  return FALSE;
}

/* The VMs that are meant; with “all”, those that have anything to back up. */
static GStrv
vms_of (const BkCall *call, BkHypervisor *hypervisor, GCancellable *cancellable, GError **error)
{
  g_auto (GStrv) named = bk_call_strings (call, "vms");
  gboolean is_all = bk_call_bool (call, "all", FALSE);

  if (is_all != (*named == NULL))
    {
      bk_set_error (error, BK_ERROR_USAGE, "Name the VMs to back up, or all of them with --all");
      return NULL;
    }
  if (!is_all)
    return g_steal_pointer (&named);

  g_autoptr (GPtrArray) vms = bk_hypervisor_list (hypervisor, cancellable, error);
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  for (guint i = 0; vms != NULL && i < vms->len; i++)
    {
      const BkVm *vm = g_ptr_array_index (vms, i);
      gboolean has_any = FALSE;

      for (guint j = 0; j < vm->disks->len; j++)
        has_any |= bk_vm_disk_ability (g_ptr_array_index (vm->disks, j), NULL) != BK_DISK_NONE;
      if (has_any)
        g_strv_builder_add (names, vm->name);
    }
  return vms == NULL ? NULL : g_strv_builder_end (names);
}

static gboolean
run_plan (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  g_autoptr (BkHypervisor) hypervisor = bk_libvirt_open (call->settings->connect_uri, error);
  g_auto (GStrv) vms = hypervisor == NULL ? NULL : vms_of (call, hypervisor, cancellable, error);
  g_auto (GStrv) exclude_disks = bk_call_strings (call, "exclude_disk");
  BkVmBackupRequest request = backup_request (call, exclude_disks);

  if (vms == NULL)
    return FALSE;
  Tally tally = { .backups = json_array_new (), .failed = json_array_new () };
  for (char **vm = vms; *vm != NULL; vm++)
    {
      GError *failure = NULL;

      request.vm = *vm;
      g_autoptr (BkVmPlanned) planned =
          bk_vm_plan (&request, call->settings->repository_dir, hypervisor, &failure);
      if (planned == NULL)
        {
          count_failure (&tally, *vm, failure);
          continue;
        }
      tally.size_bytes += planned->plan->needed_bytes;
      json_array_add_object_element (tally.backups, bk_view_vm_planned (planned));
    }

  gboolean planned_all = finish_plan (&tally, sink, cancellable, error);
  g_clear_error (&tally.first_error);
  return planned_all;
}

static gboolean
run_backup (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  if (bk_call_bool (call, "plan", FALSE))
    return run_plan (call, sink, cancellable, error);

  g_autoptr (BkHypervisor) hypervisor = bk_libvirt_open (call->settings->connect_uri, error);
  g_autoptr (BkRepository) repository =
      hypervisor == NULL ? NULL
                         : bk_repository_open_or_create (call->settings->repository_dir, error);
  g_auto (GStrv) vms = repository == NULL ? NULL : vms_of (call, hypervisor, cancellable, error);
  g_auto (GStrv) exclude_disks = bk_call_strings (call, "exclude_disk");
  gint64 started_usecs = g_get_monotonic_time ();

  if (vms == NULL)
    return FALSE;

  BkVmBackupRequest request = backup_request (call, exclude_disks);
  Tally tally = { .backups = json_array_new (), .failed = json_array_new () };
  for (char **vm = vms; *vm != NULL; vm++)
    {
      request.vm = *vm;
      g_auto (BkVmBackupOutcome) outcome = { 0 };
      GError *failure = NULL;

      if (g_cancellable_set_error_if_cancelled (cancellable, &failure) ||
          !bk_vm_backup (&request, repository, hypervisor, call->reporter, cancellable, &outcome,
                         &failure))
        count_failure (&tally, *vm, failure);
      else
        count_success (&tally, *vm, &outcome);
    }
  return finish_tally (&tally, g_get_monotonic_time () - started_usecs, sink, cancellable, error);
}

static gboolean
run_forget (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  g_autoptr (BkHypervisor) hypervisor = bk_libvirt_open (call->settings->connect_uri, error);
  g_autoptr (BkRepository) repository =
      hypervisor == NULL ? NULL
                         : bk_repository_open_or_create (call->settings->repository_dir, error);
  g_auto (GStrv) vms = bk_call_strings (call, "vms");

  if (repository == NULL)
    return FALSE;
  for (char **vm = vms; *vm != NULL; vm++)
    {
      const BkVmBackupRequest request = {
        .vm = *vm,
        .job_id = call->job_id == NULL ? "" : call->job_id,
      };
      g_autoptr (BkVmRun) run = bk_vm_run_open_left (repository, hypervisor, call->reporter,
                                                     &request, cancellable, error);

      if (run == NULL || !bk_vm_forget (run, error))
        return FALSE;
    }

  JsonObject *result = json_object_new ();
  json_object_set_int_member (result, "count", g_strv_length (vms));
  return bk_sink_emit (sink, BK_SINK_RESULT, bk_json_object_node (result), cancellable, error);
}

static GStrv
backup_projects (const BkCall *call)
{
  g_auto (GStrv) vms = bk_call_strings (call, "vms");
  g_autoptr (GStrvBuilder) ids = g_strv_builder_new ();

  for (char **vm = vms; *vm != NULL; vm++)
    {
      g_autofree char *id = g_strconcat ("vm/", *vm, NULL);

      g_strv_builder_add (ids, id);
    }
  return g_strv_builder_end (ids);
}

static const BkParam backup_params[] = {
  { "vms", BK_PARAM_STRINGS, BK_PARAM_POSITIONAL, N_ ("the VMs to back up, by name") },
  { "all", BK_PARAM_BOOL, BK_PARAM_OPTIONAL, N_ ("every VM that has anything to back up") },
  { "max_incrementals", BK_PARAM_INT, BK_PARAM_OPTIONAL,
    N_ ("incrementals before they are consolidated (default 7)"), 1, BK_MAX_INCREMENTALS_MAX },
  { "standalone", BK_PARAM_BOOL, BK_PARAM_OPTIONAL,
    N_ ("a full copy beside the cycle; retention days apply to it") },
  { "pin", BK_PARAM_STRING, BK_PARAM_OPTIONAL,
    N_ ("a standalone copy with this label, which no rule removes") },
  { "exclude_disk", BK_PARAM_STRINGS, BK_PARAM_OPTIONAL, N_ ("leave out a disk, by target (vdb)") },
  { "quiesce", BK_PARAM_BOOL, BK_PARAM_NEGATED,
    N_ ("do not ask the guest agent to hold the file systems still") },
  { "limit_mib", BK_PARAM_INT, BK_PARAM_OPTIONAL, N_ ("MiB a second at most"), 1, 1000000 },
  { "verify", BK_PARAM_BOOL, BK_PARAM_OPTIONAL, N_ ("read everything again at the end") },
  { "merge", BK_PARAM_CHOICE, BK_PARAM_OPTIONAL,
    N_ ("how incrementals are consolidated (default auto: at the least cost)"),
    .choices = "auto|in-place|copy" },
  { "compress", BK_PARAM_CHOICE, BK_PARAM_OPTIONAL,
    N_ ("of a consolidation; zstd implies --merge copy"), .choices = "none|zstd" },
  { "plan", BK_PARAM_BOOL, BK_PARAM_OPTIONAL, N_ ("do nothing, say what would be done") },
  { NULL },
};

static const BkParam forget_params[] = {
  { "vms", BK_PARAM_STRINGS, BK_PARAM_REQUIRED | BK_PARAM_POSITIONAL, N_ ("the VMs, by name") },
  { NULL },
};

const BkOperation bk_operation_vm_backup = {
  .name = "vm.backup",
  .command = "vm backup",
  .summary = N_ ("Back up VMs: the next step of each one's cycle"),
  .flags = BK_OPERATION_JOB,
  .params = backup_params,
  .run = run_backup,
  .projects = backup_projects,
};

const BkOperation bk_operation_vm_forget = {
  .name = "vm.forget",
  .command = "vm forget",
  .summary = N_ ("End a VM's cycle: take our checkpoints off it, and keep its backups"),
  .flags = BK_OPERATION_JOB,
  .params = forget_params,
  .run = run_forget,
  .projects = backup_projects,
};
