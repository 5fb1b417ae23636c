#include "cockpit/control.h"

#include "base/error.h"

#include <string.h>

static void
test_parse (void)
{
  static const struct
  {
    const char *text;
    gboolean valid;
  } cases[] = {
    { "{\"command\":\"init\"}", TRUE },
    { "{\"command\":\"close\",\"channel\":\"1:2!3\",\"problem\":null}", TRUE },
    { "", FALSE },
    { "{}", FALSE },
    { "[]", FALSE },
    { "null", FALSE },
    { "{\"command\":1}", FALSE },
    { "{\"command\":null}", FALSE },
    { "{\"command\":\"\"}", FALSE },
    { "{\"command\":\"a\",\"channel\":\"\"}", FALSE },
    { "{\"command\":\"a\",\"channel\":5}", FALSE },
    { "{\"command\":\"a\",\"channel\":\"a\\nb\"}", FALSE },
    { "{\"command\":\"a\"", FALSE },
    { "{\"command\":\"a\"} x", FALSE },
    { "{command:\"a\"}", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GBytes) payload = g_bytes_new (cases[i].text, strlen (cases[i].text));
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonObject) message = bk_control_parse (payload, &error);

      g_test_message ("%s", cases[i].text);
      g_assert_cmpint (message != NULL, ==, cases[i].valid);
      if (!cases[i].valid)
        g_assert_error (error, BK_ERROR, BK_ERROR_USAGE);
    }
}

static JsonObject *
object_of (const char *text)
{
  g_autoptr (JsonNode) node = json_from_string (text, NULL);

  return json_node_dup_object (node);
}

static void
test_open_options (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) full = object_of (
      "{\"op\":\"vm.list\",\"args\":{\"watch\":true},\"ticket\":\"t\",\"group\":\"g\","
      "\"binary\":\"raw\",\"external\":{},\"flow-control\":true,\"send-acks\":\"bytes\",\"gather\":true}");
  g_autoptr (BkOpenOptions) options = bk_open_options_parse (full, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (options->op, ==, "vm.list");
  g_assert_cmpstr (options->ticket, ==, "t");
  g_assert_cmpstr (options->group, ==, "g");
  g_assert_true (json_object_get_boolean_member (options->args, "watch"));
  g_assert_true (options->is_raw);
  g_assert_true (options->is_external);
  g_assert_true (options->has_flow_control);
  g_assert_true (options->sends_acks);
  g_assert_true (options->gathers);

  g_autoptr (JsonObject) empty = object_of ("{}");
  g_autoptr (BkOpenOptions) nothing = bk_open_options_parse (empty, &error);
  g_assert_no_error (error);
  g_assert_null (nothing->op);
  g_assert_cmpuint (json_object_get_size (nothing->args), ==, 0);
  g_assert_false (nothing->is_raw);
  g_assert_false (nothing->is_external);
  g_assert_false (nothing->has_flow_control);
  g_assert_false (nothing->sends_acks);
  g_assert_false (nothing->gathers);
}

static void
test_open_options_wrong (void)
{
  static const char *const cases[] = {
    "{\"op\":1}",          "{\"args\":[]}",         "{\"ticket\":{}}",
    "{\"group\":true}",    "{\"binary\":true}",     "{\"binary\":\"base64\"}",
    "{\"external\":true}", "{\"flow-control\":1}",  "{\"send-acks\":\"frames\"}",
    "{\"op\":null}",       "{\"send-acks\":false}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonObject) message = object_of (cases[i]);

      g_test_message ("%s", cases[i]);
      g_assert_null (bk_open_options_parse (message, &error));
      g_assert_error (error, BK_ERROR, BK_ERROR_USAGE);
    }
}

static void
test_to_text (void)
{
  g_autoptr (JsonObject) message = bk_control_new ("close", "a\"b");
  g_autofree char *text = bk_control_to_text (message);
  g_autoptr (JsonObject) init = bk_control_new ("init", NULL);
  g_autofree char *init_text = bk_control_to_text (init);

  g_assert_cmpstr (text, ==, "{\"command\":\"close\",\"channel\":\"a\\\"b\"}");
  g_assert_cmpstr (init_text, ==, "{\"command\":\"init\"}");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cockpit/control/parse", test_parse);
  g_test_add_func ("/cockpit/control/open-options", test_open_options);
  g_test_add_func ("/cockpit/control/open-options-wrong", test_open_options_wrong);
  g_test_add_func ("/cockpit/control/to-text", test_to_text);
  return g_test_run ();
}
