#include "api/operations/vm.h"

#include "api/views/vm.h"
#include "base/error.h"
#include "base/gettext.h"
#include "format/json.h"
#include "vm/libvirt-module.h"

/* Where libvirt's own tools put images. */
#define IMAGES_DIRECTORY "/var/lib/libvirt/images"

/* One of the three ways, and no more than one; a directory goes with a new VM too. */
static gboolean
read_request (const BkCall *call, BkVmRestoreRequest *request, GError **error)
{
  gboolean in_place = bk_call_bool (call, "in_place", FALSE);

  request->full_id = bk_call_string (call, "id");
  request->name = bk_call_string (call, "as");
  request->directory = bk_call_string (call, "directory");
  request->overwrite = bk_call_bool (call, "overwrite", FALSE);
  request->job_id = call->job_id == NULL ? "" : call->job_id;
  if (in_place ? (request->name != NULL || request->directory != NULL)
               : (request->name == NULL && request->directory == NULL))
    {
      bk_set_error (error, BK_ERROR_USAGE,
                    "Say how to restore: --as NAME (a new VM), --directory DIR (the images "
                    "only), or --in-place (the VM's own disks)");
      return FALSE;
    }
  request->mode = in_place                ? BK_RESTORE_IN_PLACE
                  : request->name != NULL ? BK_RESTORE_AS_NEW
                                          : BK_RESTORE_TO_DIRECTORY;
  if (request->mode == BK_RESTORE_AS_NEW && request->directory == NULL)
    request->directory = IMAGES_DIRECTORY;
  return TRUE;
}

static JsonNode *
view_outcome (const BkVmRestoreOutcome *outcome)
{
  JsonObject *object = json_object_new ();
  JsonArray *files = json_array_new ();

  for (guint i = 0; i < outcome->files->len; i++)
    json_array_add_string_element (files, g_ptr_array_index (outcome->files, i));
  json_object_set_string_member (object, "vm", outcome->vm);
  bk_json_set_string_or_null (object, "uuid", outcome->uuid);
  json_object_set_array_member (object, "files", files);
  json_object_set_int_member (object, "size_bytes", (gint64) outcome->size_bytes);
  return bk_json_object_node (object);
}

/* What stands in the way is in the result, and the first of it is how the plan ends. */
static gboolean
emit_plan (const BkVmRestoreRequest *request,
           BkRepository *repository,
           BkHypervisor *hypervisor,
           BkSink *sink,
           GCancellable *cancellable,
           GError **error)
{
  g_autoptr (BkVmRestorePlan) plan = bk_vm_restore_plan (request, repository, hypervisor, error);

  if (plan == NULL ||
      !bk_sink_emit (sink, BK_SINK_RESULT, bk_view_vm_restore_plan (plan), cancellable, error))
    return FALSE;
  if (plan->obstacles->len == 0)
    return TRUE;

  const BkRestoreObstacle *first = g_ptr_array_index (plan->obstacles, 0);
  g_propagate_error (error, g_error_copy (first->error));
  return FALSE;
}

static gboolean
run_restore (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  g_autoptr (BkHypervisor) hypervisor = bk_libvirt_open (call->settings->connect_uri, error);
  g_autoptr (BkRepository) repository =
      hypervisor == NULL ? NULL : bk_repository_open (call->settings->repository_dir, error);
  g_auto (BkVmRestoreOutcome) outcome = { 0 };
  BkVmRestoreRequest request = { 0 };

  if (repository == NULL || !read_request (call, &request, error))
    return FALSE;
  if (bk_call_bool (call, "plan", FALSE))
    return emit_plan (&request, repository, hypervisor, sink, cancellable, error);
  return bk_vm_restore (&request, repository, hypervisor, call->reporter, cancellable, &outcome,
                        error) &&
         bk_sink_emit (sink, BK_SINK_RESULT, view_outcome (&outcome), cancellable, error);
}

static const BkParam restore_params[] = {
  { "id", BK_PARAM_STRING, BK_PARAM_REQUIRED | BK_PARAM_POSITIONAL,
    N_ ("the backup, for instance vm/web1/web1-Base-20261120_020000") },
  { "as", BK_PARAM_STRING, BK_PARAM_OPTIONAL, N_ ("restore as a new VM of this name") },
  { "directory", BK_PARAM_STRING, BK_PARAM_OPTIONAL,
    N_ ("where to put the images; alone: the images and the definition only") },
  { "in_place", BK_PARAM_BOOL, BK_PARAM_OPTIONAL,
    N_ ("replace the disks of the VM itself, which must be shut off") },
  { "overwrite", BK_PARAM_BOOL, BK_PARAM_OPTIONAL,
    N_ ("replace images of the same name in the directory") },
  { "plan", BK_PARAM_BOOL, BK_PARAM_OPTIONAL, N_ ("do nothing, say what would be done") },
  { NULL },
};

const BkOperation bk_operation_vm_restore = {
  .name = "vm.restore",
  .command = "vm restore",
  .summary = N_ ("Restore a VM: as a new one, into a directory, or in place"),
  .flags = BK_OPERATION_JOB,
  .params = restore_params,
  .run = run_restore,
  .projects = bk_call_project_of_id,
};
