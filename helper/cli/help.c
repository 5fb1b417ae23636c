#include "cli/help.h"

#include "base/gettext.h"
#include "cli/command-line.h"

#include <string.h>

#define LEFT_MAX_WIDTH 28

static void
add_row (GString *text, const char *left, const char *right)
{
  if (g_utf8_strlen (left, -1) > LEFT_MAX_WIDTH)
    g_string_append_printf (text, "  %s\n  %*s  %s\n", left, LEFT_MAX_WIDTH, "", right);
  else
    g_string_append_printf (text, "  %s%*s  %s\n", left,
                            (int) (LEFT_MAX_WIDTH - g_utf8_strlen (left, -1)), "", right);
}

static void
add_globals (GString *text, gboolean has_stream)
{
  for (const BkGlobalOption *global = bk_global_options (); global->name != NULL; global++)
    {
      g_autofree char *left = g_strconcat ("--", global->name, global->value != NULL ? " " : "",
                                           global->value != NULL ? global->value : "", NULL);

      if (has_stream || !g_str_equal (global->name, "output"))
        add_row (text, left, _ (global->summary));
    }
}

/**
 * bk_help_program:
 *
 * Returns: (transfer full): what “--help” alone shows.
 */
char *
bk_help_program (const BkOperation *const *table)
{
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, "%s\n\n", _ ("Usage: cockpit-backup COMMAND [WORD…] [OPTION…]"));
  g_string_append_printf (text, "%s\n\n%s\n",
                          _ ("Backups of libvirt machines, file trees and event logs."),
                          _ ("Commands:"));
  for (guint i = 0; table[i] != NULL; i++)
    add_row (text, table[i]->command, _ (table[i]->summary));
  g_string_append_printf (text, "\n%s\n", _ ("Options of every command:"));
  add_globals (text, TRUE);
  g_string_append_printf (
      text, "\n%s\n%s\n", _ ("cockpit-backup COMMAND --help shows what a command takes."),
      _ ("Exit status: 0 done, 1 failed, 2 wrong usage, 3 integrity broken, 4 busy, 5 not found,\n"
         "6 denied, 7 no space, 8 done with warnings."));
  return g_string_free (text, FALSE);
}

static const char *
value_name (const BkParam *param)
{
  switch (param->type)
    {
    case BK_PARAM_INT:
      return "N";
    case BK_PARAM_TIME:
      return "TIME";
    case BK_PARAM_CHOICE:
      return param->choices;
    case BK_PARAM_STRING:
    case BK_PARAM_STRINGS:
    case BK_PARAM_BOOL:
    default:
      return NULL;
    }
}

static char *
left_of (const BkParam *param)
{
  g_autofree char *upper = g_strdelimit (g_ascii_strup (param->name, -1), "_", '-');
  g_autofree char *option = bk_param_option_name (param);
  const char *value = value_name (param);

  if ((param->flags & BK_PARAM_POSITIONAL) != 0)
    return g_strconcat (upper, param->type == BK_PARAM_STRINGS ? "…" : "", NULL);
  if (param->type == BK_PARAM_BOOL)
    return g_strconcat ("--", option, NULL);
  return g_strconcat ("--", option, " ", value != NULL ? value : upper, NULL);
}

static void
add_usage_words (GString *text, const BkOperation *operation)
{
  for (const BkParam *param = operation->params; param->name != NULL; param++)
    {
      g_autofree char *left = left_of (param);
      gboolean is_required = (param->flags & BK_PARAM_REQUIRED) != 0;

      if ((param->flags & BK_PARAM_POSITIONAL) != 0)
        g_string_append_printf (text, is_required ? " %s" : " [%s]", left);
    }
  g_string_append_printf (text, " %s\n\n", _ ("[OPTION…]"));
}

static void
add_params (GString *text, const BkOperation *operation)
{
  for (const BkParam *param = operation->params; param->name != NULL; param++)
    {
      g_autofree char *left = left_of (param);
      g_autofree char *range = NULL;

      if (param->min != 0 || param->max != 0)
        range = g_strdup_printf (" (%" G_GINT64_FORMAT "–%" G_GINT64_FORMAT ")", param->min,
                                 param->max);
      g_autofree char *right = g_strconcat (_ (param->summary), range != NULL ? range : "", NULL);
      add_row (text, left, right);
    }
}

/**
 * bk_help_operation:
 *
 * Returns: (transfer full): what “--help” behind a command shows.
 */
char *
bk_help_operation (const BkOperation *operation)
{
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, _ ("Usage: cockpit-backup %s"), operation->command);
  add_usage_words (text, operation);
  g_string_append_printf (text, "%s\n", _ (operation->summary));
  if (operation->params->name != NULL)
    g_string_append_c (text, '\n');
  add_params (text, operation);
  g_string_append_printf (text, "\n%s\n", _ ("Options of every command:"));
  add_globals (text, (operation->flags & BK_OPERATION_STREAM) != 0);
  return g_string_free (text, FALSE);
}
