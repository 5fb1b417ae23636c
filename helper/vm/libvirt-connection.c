/* The connection: libvirt's event loop, opening, looking whether it lives, and its end. */
#include "vm/libvirt-private.h"

#include "base/error.h"

/* A daemon that does not answer for this long, this often, is lost: the calls that wait for it
 * end with an error instead of waiting for ever. */
#define KEEPALIVE_INTERVAL_SECONDS 5
#define KEEPALIVE_COUNT 6

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

/* libvirt's events and its keep-alive need a loop that runs. It gets a thread of its own, because
 * neither the command line nor the bridge's main loop may wait for libvirt. */
static void
start_event_loop (void)
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

static GVirConnection *
open_connection (BkLibvirt *self, GError **error)
{
  g_autoptr (GError) local = NULL;

  /* First: libvirt-glib registers a loop of its own with its first object, and libvirt keeps the
   * one it got first. */
  start_event_loop ();
  GVirConnection *connection = gvir_connection_new (self->uri);
  virResetLastError ();
  if (gvir_connection_open (connection, NULL, &local))
    return connection;

  const virError *last = virGetLastError ();
  BkError code = bk_libvirt_error_code (last);
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
 * bk_libvirt_disconnect:
 *
 * Ends the connection if there is one. No other thread may use @self.
 */
void
bk_libvirt_disconnect (BkLibvirt *self)
{
  g_clear_pointer (&self->connection, release_connection);
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
