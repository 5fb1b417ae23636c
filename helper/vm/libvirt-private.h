#pragma once

#include "base/error.h"
#include "vm/libvirt.h"

#include <libvirt-glib/libvirt-glib.h>
#include <libvirt-gobject/libvirt-gobject.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GVirConnection, g_object_unref)

/*
 * What the files of the libvirt implementation share. vm/libvirt.c is the class, over all others;
 * libvirt-list.c, -backup.c, -checkpoint.c, -machine.c and -watch.c each fill in a part of the
 * interface, with what libvirt-connection.c, -error.c and -disks.c give them.
 */

struct _BkLibvirt
{
  GObject parent_instance;

  char *uri;
  GMutex lock;                /* of connection */
  GVirConnection *connection; /* (nullable) */
};

static inline void
bk_clear_connect (virConnectPtr *connect)
{
  if (*connect != NULL)
    virConnectClose (*connect);
}

static inline void
bk_clear_domain (virDomainPtr *domain)
{
  if (*domain != NULL)
    virDomainFree (*domain);
}

#define autoconnect __attribute__ ((cleanup (bk_clear_connect)))
#define autodomain __attribute__ ((cleanup (bk_clear_domain)))

BkError bk_libvirt_error_code (const virError *error);
/* Why the call before it failed, which is kept before the arguments are: every call of libvirt,
 * virDomainGetName() too, forgets the error of the one before. */
#define bk_libvirt_set_error(error, ...)                                                           \
  do                                                                                               \
    {                                                                                              \
      virErrorPtr bk_last_error = virSaveLastError ();                                             \
                                                                                                   \
      bk_libvirt_set_error_from (error, bk_last_error, __VA_ARGS__);                               \
      virFreeError (bk_last_error);                                                                \
    }                                                                                              \
  while (0)
void bk_libvirt_set_error_from (GError **error, virErrorPtr last, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

virConnectPtr bk_libvirt_connect (BkLibvirt *self, GError **error);
void bk_libvirt_disconnect (BkLibvirt *self);
virDomainPtr bk_libvirt_domain (BkLibvirt *self, const char *uuid, GError **error);

void bk_libvirt_read_disks (virDomainPtr domain, virDomainStatsRecordPtr record, BkVm *vm);

void bk_libvirt_backup_iface (BkHypervisorInterface *iface);
void bk_libvirt_checkpoint_iface (BkHypervisorInterface *iface);
void bk_libvirt_list_iface (BkHypervisorInterface *iface);
void bk_libvirt_machine_iface (BkHypervisorInterface *iface);
void bk_libvirt_watch_iface (BkHypervisorInterface *iface);
