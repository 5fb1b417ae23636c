#include "cli/command-line.h"

#include "base/error.h"
#include "base/gettext.h"

#include <string.h>

static const BkGlobalOption globals[] = {
  { "json", NULL, N_ ("Print one JSON document, or JSON lines where the command follows") },
  { "config", "FILE", N_ ("Read the settings from FILE") },
  { "repository", "DIR", N_ ("Keep the backups in DIR") },
  { "connect", "URI", N_ ("Use this libvirt connection") },
  { "output", "FILE", N_ ("Write the bytes that the command makes to FILE") },
  { "help", NULL, N_ ("Show this help") },
  { "version", NULL, N_ ("Show the version") },
  { NULL },
};

/* Where the parser stands. */
typedef struct
{
  char **words;
  gboolean is_after_dashes;  /* no word is an option from here on */
  const BkParam *positional; /* the next one to look at */
  BkCommandLine *line;
} Parser;

/**
 * bk_global_options:
 *
 * Returns: (transfer none): closed by one without a name.
 */
const BkGlobalOption *
bk_global_options (void)
{
  return globals;
}

/**
 * bk_param_option_name:
 *
 * Returns: (transfer full): "max-incrementals" of max_incrementals, "no-quiesce" of quiesce when it
 *   is true by default.
 */
char *
bk_param_option_name (const BkParam *param)
{
  gboolean is_negated = (param->flags & BK_PARAM_NEGATED) != 0;

  return g_strdelimit (g_strconcat (is_negated ? "no-" : "", param->name, NULL), "_", '-');
}

static gboolean G_GNUC_PRINTF (2, 3) wrong (GError **error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_autofree char *line = bk_error_one_line (text);
  bk_set_error (error, BK_ERROR_USAGE, "%s", line);
  return FALSE;
}

/* A text becomes what the param is in JSON. Ranges and choices are bk_operation_check_args()'s. */
static gboolean
add_value (
    Parser *parser, const BkParam *param, const char *shown, const char *text, GError **error)
{
  JsonObject *args = parser->line->args;
  gint64 number;

  if (!g_utf8_validate (text, -1, NULL))
    return wrong (error, _ ("“%s” of “%s” is not UTF-8 text"), text, shown);
  switch (param->type)
    {
    case BK_PARAM_INT:
      if (!g_ascii_string_to_signed (text, 10, G_MININT64, G_MAXINT64, &number, NULL))
        return wrong (error, _ ("“%s” needs a whole number, not “%s”"), shown, text);
      json_object_set_int_member (args, param->name, number);
      return TRUE;
    case BK_PARAM_STRINGS:
      if (!json_object_has_member (args, param->name))
        json_object_set_array_member (args, param->name, json_array_new ());
      json_array_add_string_element (json_object_get_array_member (args, param->name), text);
      return TRUE;
    case BK_PARAM_BOOL:
      return wrong (error, _ ("“%s” takes no value"), shown);
    case BK_PARAM_STRING:
    case BK_PARAM_CHOICE:
    case BK_PARAM_TIME:
    default:
      if (json_object_has_member (args, param->name))
        return wrong (error, _ ("“%s” is given twice"), shown);
      json_object_set_string_member (args, param->name, text);
      return TRUE;
    }
}

static const BkParam *
find_param (const BkOperation *operation, const char *option)
{
  for (const BkParam *param = operation->params; param->name != NULL; param++)
    {
      g_autofree char *name = bk_param_option_name (param);

      if ((param->flags & BK_PARAM_POSITIONAL) == 0 && g_str_equal (name, option))
        return param;
    }
  return NULL;
}

static const BkGlobalOption *
find_global (const char *option)
{
  for (const BkGlobalOption *global = globals; global->name != NULL; global++)
    {
      if (g_str_equal (global->name, option))
        return global;
    }
  return NULL;
}

/* The value of an option: behind its '=', or the next word. */
static gboolean
take_value (
    Parser *parser, const char *shown, const char *inlined, const char **value, GError **error)
{
  *value = inlined;
  if (inlined != NULL)
    return TRUE;
  if (*parser->words == NULL)
    return wrong (error, _ ("“%s” needs a value"), shown);
  *value = *parser->words++;
  return TRUE;
}

static gboolean
take_flag (const char *shown, const char *inlined, gboolean *flag, GError **error)
{
  if (inlined != NULL)
    return wrong (error, _ ("“%s” takes no value"), shown);
  *flag = TRUE;
  return TRUE;
}

static gboolean
take_global (Parser *parser,
             const BkGlobalOption *global,
             const char *shown,
             const char *inlined,
             GError **error)
{
  BkCommandLine *line = parser->line;
  const char *value;

  if (g_str_equal (global->name, "json"))
    return take_flag (shown, inlined, &line->wants_json, error);
  if (g_str_equal (global->name, "help"))
    return take_flag (shown, inlined, &line->wants_help, error);
  if (g_str_equal (global->name, "version"))
    return take_flag (shown, inlined, &line->wants_version, error);
  if (!take_value (parser, shown, inlined, &value, error))
    return FALSE;
  if (*value == '\0')
    return wrong (error, _ ("“%s” needs a value"), shown);

  if (g_str_equal (global->name, "connect"))
    {
      g_free (line->connect_uri);
      line->connect_uri = g_strdup (value);
      return TRUE;
    }
  char **path = g_str_equal (global->name, "config")       ? &line->config_path
                : g_str_equal (global->name, "repository") ? &line->repository_dir
                                                           : &line->output_path;
  g_free (*path);
  *path = g_str_equal (value, "-") ? g_strdup (value) : g_canonicalize_filename (value, NULL);
  return TRUE;
}

static gboolean
take_option (Parser *parser, const char *word, GError **error)
{
  const char *equals = strchr (word, '=');
  const char *inlined = equals != NULL ? equals + 1 : NULL;
  g_autofree char *shown =
      equals != NULL ? g_strndup (word, (gsize) (equals - word)) : g_strdup (word);
  const char *name = g_str_equal (shown, "-h") ? "help" : shown + 2;
  const BkOperation *operation = parser->line->operation;
  const BkParam *param = operation != NULL ? find_param (operation, name) : NULL;
  const BkGlobalOption *global = find_global (name);
  const char *value;

  if (param != NULL && param->type == BK_PARAM_BOOL)
    {
      gboolean flag;

      json_object_set_boolean_member (parser->line->args, param->name,
                                      (param->flags & BK_PARAM_NEGATED) == 0);
      return take_flag (shown, inlined, &flag, error);
    }
  if (param != NULL)
    return take_value (parser, shown, inlined, &value, error) &&
           add_value (parser, param, shown, value, error);
  if (global != NULL)
    return take_global (parser, global, shown, inlined, error);
  if (operation != NULL)
    return wrong (error, _ ("%s has no option “%s”; see cockpit-backup %s --help"),
                  operation->command, shown, operation->command);
  return wrong (error, _ ("There is no option “%s”; see cockpit-backup --help"), shown);
}

static gboolean
take_word (Parser *parser, const char *word, GError **error)
{
  const BkOperation *operation = parser->line->operation;

  while (parser->positional->name != NULL && (parser->positional->flags & BK_PARAM_POSITIONAL) == 0)
    parser->positional++;

  const BkParam *param = parser->positional;
  if (param->name == NULL)
    return wrong (error, _ ("%s does not take “%s”; see cockpit-backup %s --help"),
                  operation->command, word, operation->command);
  if (param->type != BK_PARAM_STRINGS)
    parser->positional++;
  return add_value (parser, param, param->name, word, error);
}

static gboolean
is_option (const Parser *parser, const char *word)
{
  return !parser->is_after_dashes && *word == '-' && word[1] != '\0';
}

/* How many of @words @command is; 0 when it is not theirs. */
static guint
count_matching (char **words, const char *command)
{
  g_auto (GStrv) parts = g_strsplit (command, " ", -1);
  guint count = 0;

  for (; parts[count] != NULL; count++)
    {
      if (words[count] == NULL || !g_str_equal (words[count], parts[count]))
        return 0;
    }
  return count;
}

static gboolean
take_command (Parser *parser, const BkOperation *const *table, GError **error)
{
  guint best_count = 0;

  for (guint i = 0; table[i] != NULL; i++)
    {
      guint count = count_matching (parser->words, table[i]->command);

      if (count > best_count)
        {
          best_count = count;
          parser->line->operation = table[i];
        }
    }
  if (best_count == 0)
    {
      g_autofree char *words = g_strjoinv (" ", parser->words);

      return wrong (error, _ ("There is no command “%s”; see cockpit-backup --help"), words);
    }
  parser->words += best_count;
  parser->positional = parser->line->operation->params;
  return TRUE;
}

static gboolean
take_next (Parser *parser, const BkOperation *const *table, GError **error)
{
  const char *word = *parser->words;

  if (is_option (parser, word))
    {
      parser->words++;
      if (!g_str_equal (word, "--"))
        return take_option (parser, word, error);
      parser->is_after_dashes = TRUE;
      return TRUE;
    }
  if (parser->line->operation == NULL)
    return take_command (parser, table, error);
  parser->words++;
  return take_word (parser, word, error);
}

static gboolean
check_whole (const BkCommandLine *line, GError **error)
{
  if (line->wants_help || line->wants_version)
    return TRUE;
  if (line->operation == NULL)
    return wrong (error, _ ("A command is missing; see cockpit-backup --help"));

  gboolean has_file = line->output_path != NULL && !g_str_equal (line->output_path, "-");
  if ((line->operation->flags & BK_OPERATION_STREAM) == 0)
    return line->output_path == NULL ||
           wrong (error, _ ("%s makes no bytes for “--output”"), line->operation->command);
  return !line->wants_json || has_file ||
         wrong (error,
                _ ("%s: “--json” and the bytes cannot both go to standard output; "
                   "use --output FILE"),
                line->operation->command);
}

/**
 * bk_command_line_parse:
 * @table: closed by %NULL
 * @argv: with the program's name in front, closed by %NULL
 *
 * Returns: (transfer full) (nullable): what is asked for.
 * Errors: %BK_ERROR_USAGE.
 */
BkCommandLine *
bk_command_line_parse (const BkOperation *const *table, int argc, char **argv, GError **error)
{
  g_autoptr (BkCommandLine) line = g_new0 (BkCommandLine, 1);
  Parser parser = { .words = argc > 0 ? argv + 1 : argv, .line = line };

  line->args = json_object_new ();
  while (*parser.words != NULL)
    {
      if (!take_next (&parser, table, error))
        return NULL;
    }
  return check_whole (line, error) ? g_steal_pointer (&line) : NULL;
}

void
bk_command_line_free (BkCommandLine *line)
{
  json_object_unref (line->args);
  g_free (line->config_path);
  g_free (line->repository_dir);
  g_free (line->connect_uri);
  g_free (line->output_path);
  g_free (line);
}
