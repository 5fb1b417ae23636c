/* The class: who fills in which part of the interface. */
#include "vm/libvirt-private.h"

static void
iface_init (BkHypervisorInterface *iface)
{
  bk_libvirt_list_iface (iface);
  bk_libvirt_backup_iface (iface);
  bk_libvirt_checkpoint_iface (iface);
  bk_libvirt_machine_iface (iface);
  bk_libvirt_watch_iface (iface);
}

G_DEFINE_FINAL_TYPE_WITH_CODE (BkLibvirt,
                               bk_libvirt,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BK_TYPE_HYPERVISOR, iface_init))

static void
bk_libvirt_finalize (GObject *object)
{
  BkLibvirt *self = BK_LIBVIRT (object);

  bk_libvirt_disconnect (self);
  g_mutex_clear (&self->lock);
  g_free (self->uri);
  G_OBJECT_CLASS (bk_libvirt_parent_class)->finalize (object);
}

static void
bk_libvirt_class_init (BkLibvirtClass *class)
{
  G_OBJECT_CLASS (class)->finalize = bk_libvirt_finalize;
}

static void
bk_libvirt_init (BkLibvirt *self)
{
  g_mutex_init (&self->lock);
}

/**
 * bk_libvirt_new:
 * @uri: for instance "qemu:///system"
 *
 * Returns: (transfer full): the port; nothing is opened yet.
 */
BkHypervisor *
bk_libvirt_new (const char *uri)
{
  BkLibvirt *self = g_object_new (BK_TYPE_LIBVIRT, NULL);

  self->uri = g_strdup (uri);
  return BK_HYPERVISOR (self);
}
