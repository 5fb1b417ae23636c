#pragma once

#include "vm/hypervisor.h"

/*
 * The hypervisor port over libvirt. The connection is opened at the first call and again after it
 * was lost; each call works on a connection that lives, or says that libvirt does not answer.
 */

#define BK_TYPE_LIBVIRT (bk_libvirt_get_type ())
G_DECLARE_FINAL_TYPE (BkLibvirt, bk_libvirt, BK, LIBVIRT, GObject)

/* What vm/libvirt-module.c finds by this name. */
BkHypervisor *bk_libvirt_new (const char *uri);
