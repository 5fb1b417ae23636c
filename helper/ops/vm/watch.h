#pragma once

#include "store/repository/repository.h"
#include "vm/hypervisor.h"

/*
 * Waits for what makes a line of the VM list change: libvirt's events, and changes in the VM's
 * project in the repository (its lock, its manifest, its backups). Asks nobody while nothing
 * happens.
 */

typedef struct _BkVmWatch BkVmWatch;

BkVmWatch *bk_vm_watch_new (BkHypervisor *hypervisor, const char *repository_path, GError **error);
void bk_vm_watch_free (BkVmWatch *watch);
BkRepository *bk_vm_watch_repository (BkVmWatch *watch);
void bk_vm_watch_follow (BkVmWatch *watch, const char *vm_name);
gboolean bk_vm_watch_wait (BkVmWatch *watch,
                           GPtrArray *uuids,
                           GPtrArray *names,
                           GCancellable *cancellable,
                           GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkVmWatch, bk_vm_watch_free)
