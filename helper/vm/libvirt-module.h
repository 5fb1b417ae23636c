#pragma once

#include "vm/hypervisor.h"

/*
 * The libvirt implementation of the port is a module of its own, loaded when the first VM is asked
 * for: libvirt's client library brings forty others, and what has nothing to do with VMs (a backup of
 * files, a download, a log) would pay for them with 6 MiB and half of the time of its start.
 */

void bk_libvirt_prepare (void);
BkHypervisor *bk_libvirt_open (const char *uri, GError **error);
