/* Frames over a socket whose other end the test holds: what is handed out, what is queued, and what a peer
 * that takes nothing, or goes, leaves behind. */
#include "cockpit/transport.h"

#include "base/error.h"
#include "cockpit/frame-queue.h"
#include "cockpit/frames.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRAME_MAX_BYTES 1000
#define MIB_BYTES (1024 * 1024)

typedef struct
{
  BkTransport *transport;
  int peer;
  GString *said;  /* what the handlers were called with */
  guint ends;     /* how often the end came, */
  guint drained;  /* and that the queue was empty */
  gboolean stops; /* after the first frame */
} Fixture;

static void
on_frame (const char *channel, GBytes *payload, gpointer user_data)
{
  Fixture *fixture = user_data;

  g_string_append_printf (fixture->said, "%s:%.*s ", channel, (int) g_bytes_get_size (payload),
                          (const char *) g_bytes_get_data (payload, NULL));
  if (fixture->stops)
    bk_transport_stop_frames (fixture->transport);
}

static void
on_end (const GError *error, gpointer user_data)
{
  Fixture *fixture = user_data;

  g_string_append (fixture->said, error != NULL ? "broken " : "end ");
  fixture->ends += error == NULL;
}

static void
on_drained (gpointer user_data, gpointer unused)
{
  ((Fixture *) user_data)->drained++;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  const BkTransportHandlers handlers = { on_frame, on_end, on_drained, fixture };
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  fixture->peer = fds[1];
  g_assert_cmpint (fcntl (fixture->peer, F_SETFL, O_NONBLOCK), ==, 0);
  fixture->said = g_string_new (NULL);
  fixture->transport =
      bk_transport_new (fds[0], fcntl (fds[0], F_DUPFD_CLOEXEC, 3), FRAME_MAX_BYTES);
  bk_transport_start (fixture->transport, &handlers);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  bk_transport_free (fixture->transport);
  if (fixture->peer >= 0)
    close (fixture->peer);
  g_string_free (fixture->said, TRUE);
}

/* Whatever can happen without the peer. */
static void
settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
peer_says (Fixture *fixture, const char *bytes, gsize length_bytes)
{
  g_assert_cmpint (write (fixture->peer, bytes, length_bytes), ==, (gssize) length_bytes);
  settle ();
}

/* Returns: how many bytes the peer got. */
static gsize
peer_takes (Fixture *fixture, gsize max_bytes, GString *into)
{
  char buffer[16 * 1024];
  gsize taken_bytes = 0;

  while (taken_bytes < max_bytes)
    {
      ssize_t n = read (fixture->peer, buffer, MIN (sizeof buffer, max_bytes - taken_bytes));

      settle ();
      if (n <= 0)
        break;
      taken_bytes += (gsize) n;
      if (into != NULL)
        g_string_append_len (into, buffer, n);
    }
  return taken_bytes;
}

static void
send_frame (Fixture *fixture, const char *channel, gsize length_bytes)
{
  g_autofree char *payload = g_strnfill (length_bytes, 'x');

  bk_transport_lock (fixture->transport);
  bk_transport_send_locked (fixture->transport, channel, payload, length_bytes);
  bk_transport_unlock (fixture->transport);
}

static gboolean
has_room (Fixture *fixture)
{
  bk_transport_lock (fixture->transport);
  gboolean has = bk_transport_has_room_locked (fixture->transport);
  bk_transport_unlock (fixture->transport);
  return has;
}

typedef struct
{
  const char *name;
  const char *bytes;
  const char *said; /* once the peer has closed its side */
} Input;

static const Input inputs[] = {
  { "nothing", "", "end " },
  { "one", "4\na\nhi", "a:hi end " },
  { "control", "3\n\nhi", ":hi end " },
  { "two", "4\na\nhi4\nb\nho", "a:hi b:ho end " },
  { "empty", "2\na\n", "a: end " },
  { "cut-in-length", "4", "broken end " },
  { "cut-in-channel", "4\na", "broken end " },
  { "cut-in-payload", "4\na\nh", "broken end " },
  { "cut-after-one", "4\na\nhi4\nb\nh", "a:hi broken end " },
  { "no-length", "x\na\nhi", "broken end " },
  { "too-long", "1001\na\nhi", "broken end " },
  { "negative", "-1\na\nhi4\na\nhi", "broken end " },
  { "rest-is-not-read", "4\na\nhi\n\n4\na\nhi", "a:hi broken end " },
};

/* The same whether it comes at once or a byte at a time. */
static void
test_input (Fixture *fixture, gconstpointer data)
{
  const Input *input = data;

  peer_says (fixture, input->bytes, strlen (input->bytes));
  shutdown (fixture->peer, SHUT_WR);
  settle ();
  g_assert_cmpstr (fixture->said->str, ==, input->said);
}

static void
test_input_slowly (Fixture *fixture, gconstpointer data)
{
  const Input *input = data;

  for (const char *p = input->bytes; *p != '\0'; p++)
    peer_says (fixture, p, 1);
  close (fixture->peer);
  fixture->peer = -1;
  settle ();
  g_assert_cmpstr (fixture->said->str, ==, input->said);
}

static void
test_stop_frames (Fixture *fixture, gconstpointer data)
{
  fixture->stops = TRUE;
  peer_says (fixture, "4\na\nhi4\nb\nho", 12);
  peer_says (fixture, "x\n", 2);
  g_assert_cmpstr (fixture->said->str, ==, "a:hi ");
  shutdown (fixture->peer, SHUT_WR);
  settle ();
  g_assert_cmpstr (fixture->said->str, ==, "a:hi end ");
}

static void
test_hold (Fixture *fixture, gconstpointer data)
{
  bk_transport_hold (fixture->transport, TRUE);
  peer_says (fixture, "4\na\nhi", 6);
  g_assert_cmpstr (fixture->said->str, ==, "");
  bk_transport_hold (fixture->transport, FALSE);
  settle ();
  g_assert_cmpstr (fixture->said->str, ==, "a:hi ");
}

/* Without the main loop, and held or not; of one that is there nothing is read. */
static void
test_hear_end (Fixture *fixture, gconstpointer data)
{
  bk_transport_hold (fixture->transport, TRUE);
  peer_says (fixture, "4\na\nhi", 6);
  bk_transport_hear_end (fixture->transport);
  g_assert_cmpstr (fixture->said->str, ==, "");
  close (fixture->peer);
  fixture->peer = -1;
  bk_transport_hear_end (fixture->transport);
  g_assert_cmpstr (fixture->said->str, ==, "a:hi end ");
  bk_transport_hear_end (fixture->transport);
  bk_transport_hold (fixture->transport, FALSE);
  settle ();
  g_assert_cmpuint (fixture->ends, ==, 1);
}

/* What the peer's buffer takes is there without the main loop. */
static void
test_output (Fixture *fixture, gconstpointer data)
{
  char buffer[100];

  g_assert_true (bk_transport_is_drained (fixture->transport));
  send_frame (fixture, "a", 2);
  send_frame (fixture, "", 0);
  g_assert_true (bk_transport_is_drained (fixture->transport));
  ssize_t n = read (fixture->peer, buffer, sizeof buffer);
  g_assert_cmpmem (buffer, (gsize) n, "4\na\nxx1\n\n", 9);
}

/* The rest waits for the main loop, which says when all of it is out. */
static void
test_output_waits (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString) taken = g_string_new (NULL);

  while (bk_transport_is_drained (fixture->transport))
    send_frame (fixture, "a", 64 * 1024);
  send_frame (fixture, "", 0);
  settle ();
  g_assert_false (bk_transport_is_drained (fixture->transport));
  g_assert_cmpuint (fixture->drained, ==, 0);
  peer_takes (fixture, G_MAXSIZE, taken);
  g_assert_true (bk_transport_is_drained (fixture->transport));
  g_assert_cmpuint (fixture->drained, ==, 1);
  g_assert_true (g_str_has_suffix (taken->str, "x1\n\n"));
}

/* A peer that asks and takes nothing: threads wait, then nothing more is read, and nothing is lost. */
static void
test_full (Fixture *fixture, gconstpointer data)
{
  gsize sent_bytes = 0;

  bk_transport_trust (fixture->transport, TRUE);
  while (has_room (fixture))
    {
      send_frame (fixture, "a", 64 * 1024);
      sent_bytes += strlen ("65538\na\n") + 64 * 1024;
      settle ();
    }
  g_assert_cmpuint (sent_bytes, >, MIB_BYTES);
  g_assert_cmpuint (sent_bytes, <, 2 * MIB_BYTES);

  peer_says (fixture, "4\na\nhi", 6); /* there is room for answers still */
  g_assert_cmpstr (fixture->said->str, ==, "a:hi ");
  for (guint i = 0; i < 64; i++)
    {
      send_frame (fixture, "a", 64 * 1024);
      sent_bytes += strlen ("65538\na\n") + 64 * 1024;
    }
  peer_says (fixture, "4\nb\nho", 6);
  g_assert_cmpstr (fixture->said->str, ==, "a:hi ");

  g_assert_cmpuint (peer_takes (fixture, sent_bytes, NULL), ==, sent_bytes);
  g_assert_true (has_room (fixture));
  g_assert_true (bk_transport_is_drained (fixture->transport));
  g_assert_cmpstr (fixture->said->str, ==, "a:hi b:ho ");
}

/* One whom nobody knows yet gets less. */
static void
test_stranger (Fixture *fixture, gconstpointer data)
{
  bk_transport_trust (fixture->transport, FALSE);
  for (guint i = 0; i < 8; i++)
    send_frame (fixture, "a", 64 * 1024);
  settle ();
  g_assert_true (has_room (fixture));
  peer_says (fixture, "4\na\nhi", 6);
  g_assert_cmpstr (fixture->said->str, ==, "");
  peer_takes (fixture, G_MAXSIZE, NULL);
  g_assert_cmpstr (fixture->said->str, ==, "a:hi ");
}

static gpointer
wait_for_room (gpointer data)
{
  Fixture *fixture = data;
  gboolean changed = TRUE;

  bk_transport_lock (fixture->transport);
  while (changed && !bk_transport_has_room_locked (fixture->transport))
    changed = bk_transport_wait_until_locked (fixture->transport,
                                              g_get_monotonic_time () + G_TIME_SPAN_HOUR);
  bk_transport_unlock (fixture->transport);
  return GINT_TO_POINTER (changed);
}

/* Nobody waits for a peer that is gone, and what is sent to it goes nowhere. */
static void
test_peer_goes (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 32; i++)
    send_frame (fixture, "a", 64 * 1024);
  settle ();
  g_assert_false (has_room (fixture));
  GThread *thread = g_thread_new ("waits", wait_for_room, fixture);

  close (fixture->peer);
  fixture->peer = -1;
  settle ();
  g_assert_true (GPOINTER_TO_INT (g_thread_join (thread)));
  g_assert_true (bk_transport_is_drained (fixture->transport));
  send_frame (fixture, "a", 64 * 1024);
  g_assert_true (bk_transport_is_drained (fixture->transport));
}

static void
test_cut (Fixture *fixture, gconstpointer data)
{
  char byte;

  for (guint i = 0; i < 32; i++)
    send_frame (fixture, "a", 64 * 1024);
  GThread *thread = g_thread_new ("waits", wait_for_room, fixture);

  bk_transport_cut (fixture->transport);
  g_assert_true (GPOINTER_TO_INT (g_thread_join (thread)));
  send_frame (fixture, "a", 2);
  settle ();
  g_assert_cmpuint (peer_takes (fixture, G_MAXSIZE, NULL), <, MIB_BYTES); /* what was out already */
  g_assert_cmpint (read (fixture->peer, &byte, 1), ==, 0);
  g_assert_cmpstr (fixture->said->str, ==, "");
  g_assert_cmpuint (fixture->drained, ==, 0);
}

/* Few streams have large frames at a time. */
static void
test_streams (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 4; i++)
    g_assert_cmpuint (bk_transport_begin_stream (fixture->transport), ==, BK_FRAME_PAYLOAD_BYTES);
  gsize fifth_bytes = bk_transport_begin_stream (fixture->transport);
  g_assert_cmpuint (fifth_bytes, ==, BK_FRAME_SMALL_PAYLOAD_BYTES);
  bk_transport_end_stream (fixture->transport, fifth_bytes);
  g_assert_cmpuint (bk_transport_begin_stream (fixture->transport), ==, fifth_bytes);
  bk_transport_end_stream (fixture->transport, BK_FRAME_PAYLOAD_BYTES);
  g_assert_cmpuint (bk_transport_begin_stream (fixture->transport), ==, BK_FRAME_PAYLOAD_BYTES);
}

/* The queue by itself, into a pipe that takes what it has room for. */
static void
test_queue (void)
{
  BkFrameQueue queue;
  int fds[2];
  char buffer[100];

  g_assert_cmpint (pipe2 (fds, O_NONBLOCK | O_CLOEXEC), ==, 0);
  bk_frame_queue_init (&queue);
  g_assert_true (bk_frame_queue_is_empty (&queue));
  g_assert_true (bk_frame_queue_write (&queue, fds[1], 16));

  for (guint i = 0; i < 3; i++)
    g_assert_true (bk_frame_queue_push (&queue, g_bytes_new ("0123456789", 10)));
  g_assert_cmpuint (queue.queued_bytes, >, 30); /* a frame costs more than its bytes */
  g_assert_true (bk_frame_queue_write (&queue, fds[1], 1));
  g_assert_cmpint (read (fds[0], buffer, sizeof buffer), ==, 10);
  g_assert_true (bk_frame_queue_write (&queue, fds[1], 16));
  g_assert_cmpint (read (fds[0], buffer, sizeof buffer), ==, 20);
  g_assert_true (bk_frame_queue_is_empty (&queue));
  g_assert_cmpuint (queue.queued_bytes, ==, 0);

  close (fds[0]);
  g_assert_true (bk_frame_queue_push (&queue, g_bytes_new ("0123456789", 10)));
  g_assert_false (bk_frame_queue_write (&queue, fds[1], 16));
  g_assert_true (bk_frame_queue_is_empty (&queue));
  g_assert_cmpuint (queue.queued_bytes, ==, 0);
  g_assert_false (bk_frame_queue_push (&queue, g_bytes_new ("0123456789", 10)));
  close (fds[1]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  signal (SIGPIPE, SIG_IGN);
#define ADD(path, data, func) g_test_add (path, Fixture, data, set_up, func, tear_down)
  for (guint i = 0; i < G_N_ELEMENTS (inputs); i++)
    {
      g_autofree char *name = g_strconcat ("/cockpit/transport/input/", inputs[i].name, NULL);
      g_autofree char *slowly = g_strconcat (name, "/slowly", NULL);

      ADD (name, &inputs[i], test_input);
      ADD (slowly, &inputs[i], test_input_slowly);
    }
  ADD ("/cockpit/transport/stop-frames", NULL, test_stop_frames);
  ADD ("/cockpit/transport/hold", NULL, test_hold);
  ADD ("/cockpit/transport/hear-end", NULL, test_hear_end);
  ADD ("/cockpit/transport/output", NULL, test_output);
  ADD ("/cockpit/transport/output-waits", NULL, test_output_waits);
  ADD ("/cockpit/transport/full", NULL, test_full);
  ADD ("/cockpit/transport/stranger", NULL, test_stranger);
  ADD ("/cockpit/transport/peer-goes", NULL, test_peer_goes);
  ADD ("/cockpit/transport/cut", NULL, test_cut);
  ADD ("/cockpit/transport/streams", NULL, test_streams);
  g_test_add_func ("/cockpit/frame-queue", test_queue);
  return g_test_run ();
}
