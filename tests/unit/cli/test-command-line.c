#include "cli/command-line.h"

#include "base/error.h"
#include "cli/help.h"

#include <string.h>

static const BkParam backup_params[] = {
  { "vms", BK_PARAM_STRINGS, BK_PARAM_REQUIRED | BK_PARAM_POSITIONAL, "which" },
  { "max_incrementals", BK_PARAM_INT, BK_PARAM_OPTIONAL, "how many", 1, 255 },
  { "exclude_disks", BK_PARAM_STRINGS, BK_PARAM_OPTIONAL, "not these" },
  { "quiesce", BK_PARAM_BOOL, BK_PARAM_NEGATED, "do not freeze" },
  { "plan", BK_PARAM_BOOL, BK_PARAM_OPTIONAL, "only say" },
  { "merge", BK_PARAM_CHOICE, BK_PARAM_OPTIONAL, "how", .choices = "auto|copy" },
  { NULL },
};
static const BkParam pin_params[] = {
  { "id", BK_PARAM_STRING, BK_PARAM_REQUIRED | BK_PARAM_POSITIONAL, "which" },
  { "label", BK_PARAM_STRING, BK_PARAM_REQUIRED | BK_PARAM_POSITIONAL, "its label" },
  { NULL },
};
static const BkParam no_params[] = { { NULL } };

static const BkOperation backup = { "vm.backup", "vm backup", "Back up", BK_OPERATION_JOB,
                                    backup_params };
static const BkOperation pin = { "backup.pin", "pin", "Pin", 0, pin_params };
static const BkOperation log_query = { "log.query", "log", "Show", 0, no_params };
static const BkOperation log_follow = { "log.follow", "log follow", "Follow", BK_OPERATION_FOLLOWS,
                                        no_params };
static const BkOperation export = { "backup.export", "export", "Export", BK_OPERATION_STREAM,
                                    pin_params };
static const BkOperation *const table[] = { &backup, &pin, &log_query, &log_follow, &export, NULL };

static BkCommandLine *
parse (const char *words, GError **error)
{
  g_autofree char *whole = g_strconcat ("cockpit-backup ", words, NULL);
  g_auto (GStrv) argv = NULL;
  int argc = 0;

  g_assert_true (g_shell_parse_argv (whole, &argc, &argv, NULL));
  return bk_command_line_parse (table, argc, argv, error);
}

static void
test_valid (void)
{
  static const struct
  {
    const char *words;
    const char *operation;
    const char *args;
  } cases[] = {
    { "vm backup web1", "vm.backup", "{\"vms\":[\"web1\"]}" },
    { "vm backup web1 db1 --plan", "vm.backup", "{\"vms\":[\"web1\",\"db1\"],\"plan\":true}" },
    { "vm backup --plan web1 --no-quiesce db1", "vm.backup",
      "{\"plan\":true,\"vms\":[\"web1\",\"db1\"],\"quiesce\":false}" },
    { "vm backup a --max-incrementals 5", "vm.backup", "{\"vms\":[\"a\"],\"max_incrementals\":5}" },
    { "vm backup a --max-incrementals=-5", "vm.backup",
      "{\"vms\":[\"a\"],\"max_incrementals\":-5}" },
    { "vm backup a --exclude-disks vda --exclude-disks=vdb --merge auto", "vm.backup",
      "{\"vms\":[\"a\"],\"exclude_disks\":[\"vda\",\"vdb\"],\"merge\":\"auto\"}" },
    { "vm backup -- --plan -x", "vm.backup", "{\"vms\":[\"--plan\",\"-x\"]}" },
    { "vm backup -", "vm.backup", "{\"vms\":[\"-\"]}" },
    { "vm backup", "vm.backup", "{}" },
    { "--json pin a 'a label'", "backup.pin", "{\"id\":\"a\",\"label\":\"a label\"}" },
    { "pin a --json b", "backup.pin", "{\"id\":\"a\",\"label\":\"b\"}" },
    { "log", "log.query", "{}" },
    { "log follow", "log.follow", "{}" },
    { "--config x --connect test:///default log", "log.query", "{}" },
    { "export a b --output x.tar.gz --json", "backup.export", "{\"id\":\"a\",\"label\":\"b\"}" },
    { "export a b", "backup.export", "{\"id\":\"a\",\"label\":\"b\"}" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (BkCommandLine) line = parse (cases[i].words, &error);

      g_test_message ("%s", cases[i].words);
      g_assert_no_error (error);
      g_assert_cmpstr (line->operation->name, ==, cases[i].operation);

      g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
      json_node_set_object (node, line->args);
      g_autofree char *args = json_to_string (node, FALSE);
      g_assert_cmpstr (args, ==, cases[i].args);
    }
}

static void
test_wrong (void)
{
  static const struct
  {
    const char *words;
    const char *error;
  } cases[] = {
    { "", "A command is missing; see cockpit-backup --help" },
    { "--json", "A command is missing; see cockpit-backup --help" },
    { "vm", "There is no command “vm”; see cockpit-backup --help" },
    { "vm restore a", "There is no command “vm restore a”; see cockpit-backup --help" },
    { "--plan vm backup a", "There is no option “--plan”; see cockpit-backup --help" },
    { "vm backup a --what",
      "vm backup has no option “--what”; see cockpit-backup vm backup --help" },
    { "vm backup a -p", "vm backup has no option “-p”; see cockpit-backup vm backup --help" },
    { "vm backup a --vms b",
      "vm backup has no option “--vms”; see cockpit-backup vm backup --help" },
    { "vm backup a --quiesce",
      "vm backup has no option “--quiesce”; see cockpit-backup vm backup --help" },
    { "vm backup a --plan=yes", "“--plan” takes no value" },
    { "vm backup a --json=1", "“--json” takes no value" },
    { "vm backup a --max-incrementals", "“--max-incrementals” needs a value" },
    { "vm backup a --max-incrementals five",
      "“--max-incrementals” needs a whole number, not “five”" },
    { "vm backup a --max-incrementals ''", "“--max-incrementals” needs a whole number, not “”" },
    { "vm backup a --max-incrementals 9223372036854775808",
      "“--max-incrementals” needs a whole number, not “9223372036854775808”" },
    { "vm backup a --merge auto --merge copy", "“--merge” is given twice" },
    { "pin a b c", "pin does not take “c”; see cockpit-backup pin --help" },
    { "log --config=", "“--config” needs a value" },
    { "log --output x", "log makes no bytes for “--output”" },
    { "export a b --json",
      "export: “--json” and the bytes cannot both go to standard output; use --output FILE" },
    { "export a b --json --output -",
      "export: “--json” and the bytes cannot both go to standard output; use --output FILE" },
    { "pin \"a\xff\" b", "“a�” of “id” is not UTF-8 text" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (BkCommandLine) line = parse (cases[i].words, &error);

      g_test_message ("%s", cases[i].words);
      g_assert_null (line);
      g_assert_error (error, BK_ERROR, BK_ERROR_USAGE);
      g_assert_cmpstr (error->message, ==, cases[i].error);
    }
}

static void
test_globals (void)
{
  g_autoptr (BkCommandLine) line =
      parse ("--config=a/c.json --repository ../r log --connect qemu:///system --json", NULL);
  g_autofree char *config_path = g_canonicalize_filename ("a/c.json", NULL);
  g_autofree char *repository_dir = g_canonicalize_filename ("../r", NULL);

  g_assert_true (line->wants_json);
  g_assert_cmpstr (line->config_path, ==, config_path);
  g_assert_cmpstr (line->repository_dir, ==, repository_dir);
  g_assert_cmpstr (line->connect_uri, ==, "qemu:///system");

  g_autoptr (BkCommandLine) help = parse ("vm backup -h", NULL);
  g_assert_true (help->wants_help);
  g_assert_true (help->operation == &backup);
}

static void
test_help (void)
{
  g_autofree char *program = bk_help_program (table);
  g_autofree char *text = bk_help_operation (&backup);

  for (guint i = 0; table[i] != NULL; i++)
    g_assert_nonnull (strstr (program, table[i]->command));
  g_assert_nonnull (strstr (text, "Usage: cockpit-backup vm backup VMS… [OPTION…]\n"));
  g_assert_nonnull (strstr (text, "--max-incrementals N "));
  g_assert_nonnull (strstr (text, "how many (1–255)\n"));
  g_assert_nonnull (strstr (text, "--no-quiesce "));
  g_assert_nonnull (strstr (text, "--merge auto|copy "));
  g_assert_null (strstr (text, "--output"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/command-line/valid", test_valid);
  g_test_add_func ("/cli/command-line/wrong", test_wrong);
  g_test_add_func ("/cli/command-line/globals", test_globals);
  g_test_add_func ("/cli/command-line/help", test_help);
  return g_test_run ();
}
