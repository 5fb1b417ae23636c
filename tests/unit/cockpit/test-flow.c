#include "cockpit/flow.h"

static void
test_off (void)
{
  BkFlow flow;

  bk_flow_init (&flow, FALSE, 0);
  g_assert_false (bk_flow_sent (&flow, 100 * BK_FLOW_WINDOW_BYTES));
  g_assert_cmpuint (bk_flow_room_bytes (&flow), ==, G_MAXSIZE);
}

static void
test_pings (void)
{
  BkFlow flow;

  bk_flow_init (&flow, TRUE, 0);
  g_assert_false (bk_flow_sent (&flow, BK_FLOW_PING_BYTES - 1));
  g_assert_true (bk_flow_sent (&flow, 1));
  g_assert_false (bk_flow_sent (&flow, 10));
  g_assert_true (bk_flow_sent (&flow, 3 * BK_FLOW_PING_BYTES));
  g_assert_cmpuint (flow.sent_bytes, ==, 4 * BK_FLOW_PING_BYTES + 10);
}

static void
test_window (void)
{
  BkFlow flow;

  bk_flow_init (&flow, TRUE, 0);
  g_assert_cmpuint (bk_flow_room_bytes (&flow), ==, BK_FLOW_WINDOW_BYTES);
  bk_flow_sent (&flow, BK_FLOW_WINDOW_BYTES - 1);
  g_assert_cmpuint (bk_flow_room_bytes (&flow), ==, 1);
  bk_flow_sent (&flow, 60000);
  g_assert_cmpuint (bk_flow_room_bytes (&flow), ==, 0);
  g_assert_true (bk_flow_pong (&flow, 70000, 5));
  g_assert_cmpuint (bk_flow_room_bytes (&flow), ==, 10001);
  g_assert_cmpint (flow.heard_usecs, ==, 5);
}

static void
test_hostile_pongs (void)
{
  BkFlow flow;

  bk_flow_init (&flow, TRUE, 0);
  g_assert_false (bk_flow_pong (&flow, 1, 0));
  g_assert_true (bk_flow_pong (&flow, 0, 0));
  g_assert_true (bk_flow_sent (&flow, 50000));
  g_assert_false (bk_flow_sent (&flow, 100));
  g_assert_false (bk_flow_pong (&flow, -1, 0));
  g_assert_false (bk_flow_pong (&flow, G_MININT64, 0));
  g_assert_false (bk_flow_pong (&flow, 50100, 0));
  g_assert_false (bk_flow_pong (&flow, G_MAXINT64, 0));
  g_assert_true (bk_flow_pong (&flow, 50000, 1));
  g_assert_true (bk_flow_pong (&flow, 20000, 2));
  g_assert_cmpuint (flow.ponged_bytes, ==, 50000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cockpit/flow/off", test_off);
  g_test_add_func ("/cockpit/flow/pings", test_pings);
  g_test_add_func ("/cockpit/flow/window", test_window);
  g_test_add_func ("/cockpit/flow/hostile-pongs", test_hostile_pongs);
  return g_test_run ();
}
