#pragma once

#include <glib.h>

/* The service's socket: <runtime_dir>/socket. Everybody may connect; who it is, the kernel says. */

#define BK_SERVICE_SOCKET_NAME "socket"

typedef struct _BkListener BkListener;

BkListener *bk_listener_new (const char *runtime_dir, GError **error);
BkListener *bk_listener_new_activated (GError **error);
void bk_listener_free (BkListener *listener);
int bk_listener_fd (const BkListener *listener);
gboolean bk_listener_is_activated (const BkListener *listener);

int bk_service_connect (const char *runtime_dir, GError **error);
gboolean bk_peer_uid (int fd, guint32 *uid, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkListener, bk_listener_free)
