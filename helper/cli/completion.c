#include "cli/completion.h"

#include "cli/command-line.h"

#include <string.h>

static void
add_globals (GString *script)
{
  for (const BkGlobalOption *global = bk_global_options (); global->name != NULL; global++)
    g_string_append_printf (script, " --%s", global->name);
}

static void
add_operation (GString *script, const BkOperation *operation)
{
  g_string_append_printf (script, "    '%s '*) words='", operation->command);
  for (const BkParam *param = operation->params; param->name != NULL; param++)
    {
      g_autofree char *option = bk_param_option_name (param);

      if ((param->flags & BK_PARAM_POSITIONAL) == 0)
        g_string_append_printf (script, "--%s ", option);
    }
  g_string_append (script, "' ;;\n");
}

/* Longer commands first: the first pattern that matches wins, and “log ” begins “log follow ”. */
static void
add_operations (GString *script, const BkOperation *const *table)
{
  for (guint i = 0; table[i] != NULL; i++)
    {
      if (strchr (table[i]->command, ' ') != NULL)
        add_operation (script, table[i]);
    }
  for (guint i = 0; table[i] != NULL; i++)
    {
      if (strchr (table[i]->command, ' ') == NULL)
        add_operation (script, table[i]);
    }
}

/**
 * bk_completion_bash:
 *
 * Returns: (transfer full): a script that bash-completion loads. It completes commands and
 *   options; words and values are left to file names.
 */
char *
bk_completion_bash (const BkOperation *const *table)
{
  GString *script =
      g_string_new ("_cockpit_backup ()\n"
                    "{\n"
                    "  local current=${COMP_WORDS[COMP_CWORD]} words='' commands line\n"
                    "  commands='");

  for (guint i = 0; table[i] != NULL; i++)
    g_string_append_printf (script, i > 0 ? "\n%s" : "%s", table[i]->command);
  g_string_append (script, "'\n"
                           "  line=\"${COMP_WORDS[*]:1:COMP_CWORD-1} \"\n"
                           "  [ \"$COMP_CWORD\" -gt 1 ] || line=''\n"
                           "  case $line in\n");
  add_operations (script, table);
  g_string_append (script, "  esac\n"
                           "  COMPREPLY=()\n"
                           "  if [[ $current == -* ]]; then\n"
                           "    COMPREPLY=($(compgen -W \"$words");
  add_globals (script);
  g_string_append (script, "\" -- \"$current\"))\n"
                           "    return\n"
                           "  fi\n"
                           "  local command rest\n"
                           "  while read -r command; do\n"
                           "    [[ \"$command\" == \"$line$current\"* ]] || continue\n"
                           "    rest=${command#\"$line\"}\n"
                           "    COMPREPLY+=(\"${rest%% *}\")\n"
                           "  done <<< \"$commands\"\n"
                           "}\n"
                           "complete -o default -F _cockpit_backup cockpit-backup\n");
  return g_string_free (script, FALSE);
}
