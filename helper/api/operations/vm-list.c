#include "api/operations/vm.h"

#include "api/views/vm.h"
#include "base/error.h"
#include "base/gettext.h"
#include "format/json.h"
#include "ops/vm/watch.h"
#include "vm/libvirt-module.h"

#include <string.h>

/* There is no repository before the first backup: a list shows the VMs all the same. */
static gboolean
open_repository_if_there (const BkCall *call, BkRepository **repository, GError **error)
{
  g_autoptr (GError) local = NULL;

  *repository = bk_repository_open (call->settings->repository_dir, &local);
  if (*repository != NULL || g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/* What one vm.list needs while it runs. */
typedef struct
{
  const BkCall *call;
  BkSink *sink;
  BkHypervisor *hypervisor;
  BkRepository *repository; /* (nullable) of a listing that does not watch */
  BkVmWatch *watch;         /* (nullable) */
  GCancellable *cancellable;
} Listing;

static gboolean
emit_vm (Listing *listing, const BkVm *vm, GError **error)
{
  if (listing->watch != NULL)
    bk_vm_watch_follow (listing->watch, vm->name);

  BkRepository *repository =
      listing->watch != NULL ? bk_vm_watch_repository (listing->watch) : listing->repository;
  g_autoptr (BkVmEntry) entry =
      bk_vm_entry_new (vm, repository, listing->call->settings->max_incrementals);
  return bk_sink_emit (listing->sink, BK_SINK_ITEM, bk_view_vm (entry), listing->cancellable,
                       error);
}

static gboolean
emit_result (Listing *listing, const GPtrArray *vms, GError **error)
{
  g_autoptr (GPtrArray) unused =
      bk_vm_list_unused_images (listing->hypervisor, vms, listing->cancellable, error);

  return unused != NULL &&
         bk_sink_emit (listing->sink, BK_SINK_RESULT, bk_view_vm_list_result (vms->len, unused),
                       listing->cancellable, error);
}

static gboolean
list_all (Listing *listing, GError **error)
{
  g_autoptr (GPtrArray) vms = bk_hypervisor_list (listing->hypervisor, listing->cancellable, error);

  for (guint i = 0; vms != NULL && i < vms->len; i++)
    {
      if (!emit_vm (listing, g_ptr_array_index (vms, i), error))
        return FALSE;
    }
  return vms != NULL && emit_result (listing, vms, error);
}

/* A VM that is gone is told so; one that cannot be read just now is told when it changes again. */
static gboolean
emit_changed (Listing *listing, const char *uuid, const BkVm *vm, const GError *why, GError **error)
{
  if (vm != NULL)
    return emit_vm (listing, vm, error);
  if (uuid != NULL && g_error_matches (why, BK_ERROR, BK_ERROR_NOT_FOUND))
    return bk_sink_emit (listing->sink, BK_SINK_ITEM, bk_view_vm_removed (uuid),
                         listing->cancellable, error);
  return TRUE;
}

static gboolean
emit_changes (Listing *listing, const GPtrArray *uuids, const GPtrArray *names, GError **error)
{
  for (guint i = 0; i < uuids->len; i++)
    {
      const char *uuid = g_ptr_array_index (uuids, i);
      g_autoptr (GError) why = NULL;
      g_autoptr (BkVm) vm = bk_hypervisor_find_by_uuid (listing->hypervisor, uuid, &why);

      if (!emit_changed (listing, uuid, vm, why, error))
        return FALSE;
    }
  for (guint i = 0; i < names->len; i++)
    {
      g_autoptr (GError) why = NULL;
      g_autoptr (BkVm) vm =
          bk_hypervisor_find_by_name (listing->hypervisor, g_ptr_array_index (names, i), &why);

      if (!emit_changed (listing, NULL, vm, why, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
follow (Listing *listing, GError **error)
{
  while (TRUE)
    {
      g_autoptr (GPtrArray) uuids = g_ptr_array_new_with_free_func (g_free);
      g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

      if (!bk_vm_watch_wait (listing->watch, uuids, names, listing->cancellable, error) ||
          !emit_changes (listing, uuids, names, error))
        return FALSE;
      if (uuids->len == 0)
        continue;
      /* VMs came, went or changed: so may have the images that none uses. */
      g_autoptr (GPtrArray) vms =
          bk_hypervisor_list (listing->hypervisor, listing->cancellable, error);
      if (vms == NULL || !emit_result (listing, vms, error))
        return FALSE;
    }
}

static gboolean
run_list (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  g_autoptr (BkHypervisor) hypervisor = bk_libvirt_open (call->settings->connect_uri, error);
  g_autoptr (BkRepository) repository = NULL;
  g_autoptr (BkVmWatch) watch = NULL;

  if (hypervisor == NULL)
    return FALSE;
  if (bk_call_bool (call, "watch", FALSE))
    watch = bk_vm_watch_new (hypervisor, call->settings->repository_dir, error);
  else if (!open_repository_if_there (call, &repository, error))
    return FALSE;
  if (bk_call_bool (call, "watch", FALSE) && watch == NULL)
    return FALSE;

  Listing listing = { call, sink, hypervisor, repository, watch, cancellable };
  return list_all (&listing, error) && (watch == NULL || follow (&listing, error));
}

static const BkParam list_params[] = {
  { "watch", BK_PARAM_BOOL, BK_PARAM_OPTIONAL, N_ ("stay, and show each VM that changes") },
  { NULL },
};

const BkOperation bk_operation_vm_list = {
  .name = "vm.list",
  .command = "vm list",
  .summary = N_ ("List the VMs, their disks, their last backup and what comes next"),
  .flags = BK_OPERATION_FOLLOWS,
  .params = list_params,
  .run = run_list,
};
