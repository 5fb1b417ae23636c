#include "vm/libvirt.h"

#include "base/error.h"
#include "base/gettext.h"
#include "vm/libvirt-private.h"

#include <string.h>

/* A daemon that does not answer for this long, this often, is lost: the calls that wait for it
 * end with an error instead of waiting for ever. */
#define KEEPALIVE_INTERVAL_SECONDS 5
#define KEEPALIVE_COUNT 6

struct _BkLibvirt
{
  GObject parent_instance;

  char *uri;
  GMutex lock; /* of connection */
  GVirConnection *connection;
};

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

/* A connection on its way to its end, in the hands of the event loop's thread. */
typedef struct
{
  GVirConnection *connection;
  GMutex lock;
  GCond released;
  gboolean is_released;
} Release;

static void
release_in_loop (int timer, void *data)
{
  Release *release = data;

  virEventRemoveTimeout (timer);
  g_object_unref (release->connection);
  g_mutex_lock (&release->lock);
  release->is_released = TRUE;
  g_cond_signal (&release->released);
  g_mutex_unlock (&release->lock);
}

/* libvirt-glib listens to the events of each connection, and its callbacks run in the event loop's
 * thread: only there can the connection end without one of them finding it half gone. Waits, so that
 * none is left when the program ends. */
static void
release_connection (GVirConnection *connection)
{
  Release release = { .connection = connection };

  g_mutex_init (&release.lock);
  g_cond_init (&release.released);
  if (virEventAddTimeout (0, release_in_loop, &release, NULL) < 0)
    g_error ("libvirt's event loop takes no timer");
  g_mutex_lock (&release.lock);
  while (!release.is_released)
    g_cond_wait (&release.released, &release.lock);
  g_mutex_unlock (&release.lock);
  g_mutex_clear (&release.lock);
  g_cond_clear (&release.released);
}

static void
bk_libvirt_finalize (GObject *object)
{
  BkLibvirt *self = BK_LIBVIRT (object);

  g_clear_pointer (&self->connection, release_connection);
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

const char *
bk_libvirt_uri (BkLibvirt *self)
{
  return self->uri;
}

static gpointer
run_event_loop (gpointer data)
{
  while (TRUE)
    virEventRunDefaultImpl ();
  return NULL;
}

static void
ignore_error (void *data, virErrorPtr error)
{
  /* libvirt would print it to stderr; each error is reported where it is handled. */
}

/**
 * bk_libvirt_start_event_loop:
 *
 * libvirt's events and its keep-alive need a loop that runs. It gets a thread of its own, because
 * neither the command line nor the bridge's main loop may wait for libvirt.
 */
void
bk_libvirt_start_event_loop (void)
{
  static gsize started;

  if (g_once_init_enter (&started))
    {
      virSetErrorFunc (NULL, ignore_error);

      if (virInitialize () < 0 || virEventRegisterDefaultImpl () < 0)
        g_error ("libvirt's event loop does not start");
      g_thread_unref (g_thread_new ("libvirt-events", run_event_loop, NULL));
      g_once_init_leave (&started, 1);
    }
}

static BkError
code_of (const virError *error)
{
  if (error == NULL)
    return BK_ERROR_FAILED;
  if (error->message != NULL && strstr (error->message, "No space left on device") != NULL)
    return BK_ERROR_NO_SPACE;
  switch ((virErrorNumber) error->code)
    {
    case VIR_ERR_NO_DOMAIN:
      return BK_ERROR_NOT_FOUND;
    case VIR_ERR_AUTH_FAILED:
    case VIR_ERR_AUTH_CANCELLED:
    case VIR_ERR_AUTH_UNAVAILABLE:
    case VIR_ERR_ACCESS_DENIED:
    case VIR_ERR_OPERATION_DENIED:
      return BK_ERROR_DENIED;
    case VIR_ERR_NO_CONNECT:
    case VIR_ERR_INVALID_CONN:
    case VIR_ERR_RPC:
      return BK_ERROR_UNAVAILABLE;
    case VIR_ERR_NO_SUPPORT:
    case VIR_ERR_OPERATION_UNSUPPORTED:
    case VIR_ERR_CONFIG_UNSUPPORTED:
      return BK_ERROR_UNSUPPORTED;
    case VIR_ERR_CHECKPOINT_INCONSISTENT:
      return BK_ERROR_INTEGRITY;
    case VIR_ERR_OPERATION_TIMEOUT:
      return BK_ERROR_BUSY;
    case VIR_ERR_INTERNAL_ERROR:
    case VIR_ERR_SYSTEM_ERROR:
      return error->domain == VIR_FROM_RPC ? BK_ERROR_UNAVAILABLE : BK_ERROR_FAILED;
    default:
      return BK_ERROR_FAILED;
    }
}

/**
 * bk_libvirt_set_error_from:
 * @last: (nullable): virSaveLastError()
 * @format: what was being done, and on what
 *
 * Sets @error from an error of libvirt. bk_libvirt_set_error() does it from that of the last call.
 */
void
bk_libvirt_set_error_from (GError **error, virErrorPtr last, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_autofree char *what = g_strdup_vprintf (bk_gettext (format), args);
  va_end (args);

  g_autofree char *why =
      bk_error_one_line (last == NULL || last->message == NULL ? _ ("unknown") : last->message);
  bk_set_error (error, code_of (last), "%s: libvirt says: %s", what, why);
}

static GVirConnection *
open_connection (BkLibvirt *self, GError **error)
{
  g_autoptr (GError) local = NULL;

  /* First: libvirt-glib registers a loop of its own with its first object, and libvirt keeps the
   * one it got first. */
  bk_libvirt_start_event_loop ();
  GVirConnection *connection = gvir_connection_new (self->uri);
  virResetLastError ();
  if (gvir_connection_open (connection, NULL, &local))
    return connection;

  const virError *last = virGetLastError ();
  BkError code = code_of (last);
  g_autofree char *why =
      bk_error_one_line (last != NULL && last->message != NULL ? last->message : local->message);
  release_connection (connection);
  if (code == BK_ERROR_DENIED)
    bk_set_error (error, code,
                  "libvirt at %s does not let this user in: %s; run it as root, or as a member of "
                  "the group libvirt",
                  self->uri, why);
  else
    bk_set_error (error, BK_ERROR_UNAVAILABLE,
                  "libvirt does not answer at %s: %s; is it installed (libvirt-daemon-system) and "
                  "running (systemctl start libvirtd)?",
                  self->uri, why);
  return NULL;
}

static virConnectPtr
get_handle (GVirConnection *connection)
{
  virConnectPtr handle = NULL;

  g_object_get (connection, "handle", &handle, NULL); /* takes a reference */
  return handle;
}

/**
 * bk_libvirt_connect:
 *
 * Returns: (transfer full) (nullable): a connection that lives; close it with virConnectClose().
 */
virConnectPtr
bk_libvirt_connect (BkLibvirt *self, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (self->connection != NULL)
    {
      virConnectPtr handle = get_handle (self->connection);

      if (virConnectIsAlive (handle) == 1)
        return handle;
      virConnectClose (handle);
      g_clear_pointer (&self->connection, release_connection);
    }

  self->connection = open_connection (self, error);
  if (self->connection == NULL)
    return NULL;

  virConnectPtr handle = get_handle (self->connection);
  virConnectSetKeepAlive (handle, KEEPALIVE_INTERVAL_SECONDS, KEEPALIVE_COUNT);
  return handle;
}

/**
 * bk_libvirt_domain:
 *
 * Returns: (transfer full) (nullable): the VM's handle, or %NULL with %BK_ERROR_NOT_FOUND.
 */
virDomainPtr
bk_libvirt_domain (BkLibvirt *self, const char *uuid, GError **error)
{
  autoconnect virConnectPtr connect = bk_libvirt_connect (self, error);
  if (connect == NULL)
    return NULL;

  virDomainPtr domain = virDomainLookupByUUIDString (connect, uuid);
  if (domain == NULL)
    bk_libvirt_set_error (error, "The VM with the UUID %s was not found", uuid);
  return domain;
}
