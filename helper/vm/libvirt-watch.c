#include "vm/libvirt-private.h"

#include "base/error.h"
/* One who watches. The event loop's thread and the watcher's share it. */
typedef struct
{
  gatomicrefcount references;
  GMutex lock; /* held while event_func runs, so that unwatch() can promise silence */
  BkVmEventFunc event_func;
  gpointer user_data;
  virConnectPtr connect;
  int lifecycle_id;
} Watch;

static GMutex watches_lock;
static GHashTable *watches; /* number → Watch */
static guint last_watch_id;

static void
watch_unref (void *data)
{
  Watch *watch = data;

  if (!g_atomic_ref_count_dec (&watch->references))
    return;
  g_mutex_clear (&watch->lock);
  virConnectClose (watch->connect);
  g_free (watch);
}

static Watch *
watch_ref (Watch *watch)
{
  g_atomic_ref_count_inc (&watch->references);
  return watch;
}

static int
on_lifecycle (virConnectPtr connect, virDomainPtr domain, int event, int detail, void *data)
{
  Watch *watch = data;
  char uuid[VIR_UUID_STRING_BUFLEN];

  if (virDomainGetUUIDString (domain, uuid) < 0)
    return 0;
  g_mutex_lock (&watch->lock);
  if (watch->event_func != NULL)
    watch->event_func (uuid, watch->user_data);
  g_mutex_unlock (&watch->lock);
  return 0;
}

static guint
watch (BkHypervisor *hypervisor, BkVmEventFunc event_func, gpointer user_data, GError **error)
{
  virConnectPtr connect = bk_libvirt_connect (BK_LIBVIRT (hypervisor), error);
  if (connect == NULL)
    return 0;

  Watch *self = g_new0 (Watch, 1);
  g_atomic_ref_count_init (&self->references);
  g_mutex_init (&self->lock);
  self->event_func = event_func;
  self->user_data = user_data;
  self->connect = connect;
  self->lifecycle_id = virConnectDomainEventRegisterAny (
      connect, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK (on_lifecycle),
      watch_ref (self), watch_unref);
  if (self->lifecycle_id < 0)
    {
      bk_libvirt_set_error (error, "Changes of VMs cannot be watched");
      watch_unref (self);
      watch_unref (self);
      return 0;
    }

  g_mutex_lock (&watches_lock);
  if (watches == NULL)
    watches = g_hash_table_new (NULL, NULL);
  guint id = ++last_watch_id;
  g_hash_table_insert (watches, GUINT_TO_POINTER (id), self);
  g_mutex_unlock (&watches_lock);
  return id;
}

/* The connection it watches on: keep-alive, or the daemon's end, closes it. */
static gboolean
watch_is_alive (BkHypervisor *hypervisor, guint watch_id)
{
  g_mutex_lock (&watches_lock);
  Watch *self = g_hash_table_lookup (watches, GUINT_TO_POINTER (watch_id));
  gboolean alive = self != NULL && virConnectIsAlive (self->connect) == 1;
  g_mutex_unlock (&watches_lock);
  return alive;
}

static void
unwatch (BkHypervisor *hypervisor, guint watch_id)
{
  gpointer found = NULL;

  g_mutex_lock (&watches_lock);
  g_hash_table_steal_extended (watches, GUINT_TO_POINTER (watch_id), NULL, &found);
  g_mutex_unlock (&watches_lock);

  Watch *self = found;
  g_return_if_fail (self != NULL);
  g_mutex_lock (&self->lock);
  self->event_func = NULL;
  g_mutex_unlock (&self->lock);
  virConnectDomainEventDeregisterAny (self->connect, self->lifecycle_id);
  watch_unref (self);
}

void
bk_libvirt_watch_iface (BkHypervisorInterface *iface)
{
  iface->watch = watch;
  iface->watch_is_alive = watch_is_alive;
  iface->unwatch = unwatch;
}
