#include "api/operation.h"

#include "base/error.h"

static const BkParam params[] = {
  { "names", BK_PARAM_STRINGS, BK_PARAM_REQUIRED | BK_PARAM_POSITIONAL, "names" },
  { "count", BK_PARAM_INT, BK_PARAM_OPTIONAL, "count", 1, 255 },
  { "plan", BK_PARAM_BOOL, BK_PARAM_OPTIONAL, "plan" },
  { "merge", BK_PARAM_CHOICE, BK_PARAM_OPTIONAL, "merge", .choices = "auto|copy" },
  { "since", BK_PARAM_TIME, BK_PARAM_OPTIONAL, "since" },
  { NULL },
};
static const BkOperation operation = { "test.op", "test op", "a test", BK_OPERATION_READS, params };

static void
test_check_args (void)
{
  static const struct
  {
    const char *args;
    const char *error; /* NULL: valid */
  } cases[] = {
    { "{\"names\":[\"a\"]}", NULL },
    { "{\"names\":[\"a\"],\"count\":255,\"plan\":true,\"merge\":\"copy\"}", NULL },
    { "{\"names\":[\"a\"],\"since\":\"2026-11-20\"}", NULL },
    { "{\"names\":[\"a\"],\"since\":\"2026-11-20T02:00:00.000Z\"}", NULL },
    { "{}", "test.op: parameter “names” is missing" },
    { "{\"names\":[]}", "test.op: parameter “names” must name at least one" },
    { "{\"names\":\"a\"}", "test.op: parameter “names” must be a list of texts" },
    { "{\"names\":[1]}", "test.op: parameter “names” must be a list of texts" },
    { "{\"names\":[\"a\"],\"count\":0}", "test.op: parameter “count” must be from 1 to 255" },
    { "{\"names\":[\"a\"],\"count\":1.5}", "test.op: parameter “count” must be a whole number" },
    { "{\"names\":[\"a\"],\"plan\":1}", "test.op: parameter “plan” must be true or false" },
    { "{\"names\":[\"a\"],\"merge\":\"aut\"}",
      "test.op: parameter “merge” is not one of the values it can have; see --help" },
    { "{\"names\":[\"a\"],\"since\":\"now\"}",
      "test.op: parameter “since” must be a date (2026-11-20) or a time "
      "(2026-11-20T02:00:00.000Z)" },
    { "{\"names\":[\"a\"],\"x\\ny\":1}", "test.op: parameter “x y” is not known" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) node = json_from_string (cases[i].args, &error);

      g_assert_no_error (error);
      gboolean valid = bk_operation_check_args (&operation, json_node_get_object (node), &error);
      g_assert_cmpstr (error == NULL ? NULL : error->message, ==, cases[i].error);
      g_assert_cmpint (valid, ==, cases[i].error == NULL);
      if (error != NULL)
        g_assert_error (error, BK_ERROR, BK_ERROR_USAGE);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/api/operation/check-args", test_check_args);
  return g_test_run ();
}
