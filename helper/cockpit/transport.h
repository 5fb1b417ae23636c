#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

/*
 * Frames over two file descriptors. The main loop reads and writes them; threads of operations put
 * frames into the bounded queue and wait while it is full.
 *
 * One lock guards the queue and whatever the threads and the main loop share about channels; the
 * functions named …_locked are called with it held.
 */

typedef struct _BkTransport BkTransport;

/* Called in the main loop. end() comes with an error when no more frames can be told apart, and
 * with %NULL once the peer has closed its side. */
typedef void (*BkTransportFrameFunc) (const char *channel, GBytes *payload, gpointer user_data);
typedef void (*BkTransportEndFunc) (const GError *error, gpointer user_data);

typedef struct
{
  BkTransportFrameFunc frame;
  BkTransportEndFunc end;
  GFunc drained; /* the queue has become empty; its first argument is user_data */
  gpointer user_data;
} BkTransportHandlers;

BkTransport *bk_transport_new (int in_fd, int out_fd, gsize frame_max_bytes);
void bk_transport_free (BkTransport *transport);
void bk_transport_start (BkTransport *transport, const BkTransportHandlers *handlers);
void bk_transport_stop_frames (BkTransport *transport);
void bk_transport_hold (BkTransport *transport, gboolean holds);
void bk_transport_hear_end (BkTransport *transport);
void bk_transport_trust (BkTransport *transport, gboolean trusts);
void bk_transport_cut (BkTransport *transport);

void bk_transport_lock (BkTransport *transport);
void bk_transport_unlock (BkTransport *transport);
gboolean bk_transport_has_room_locked (BkTransport *transport);
gboolean bk_transport_wait_until_locked (BkTransport *transport, gint64 end_usecs);
void bk_transport_wake_locked (BkTransport *transport);
gsize bk_transport_begin_stream (BkTransport *transport);
void bk_transport_end_stream (BkTransport *transport, gsize payload_bytes);
void bk_transport_queue_locked (BkTransport *transport, GBytes *frame);
void bk_transport_send_locked (BkTransport *transport,
                               const char *channel,
                               const void *payload,
                               gsize length_bytes);
void bk_transport_control_locked (BkTransport *transport, JsonObject *message);
gboolean bk_transport_is_drained (BkTransport *transport);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkTransport, bk_transport_free)
