#pragma once

#include "api/operation.h"

/*
 * The words of a command line, held against the table of operations:
 *
 *   cockpit-backup [global options] vm backup web1 db1 --max-incrementals 5 --no-quiesce
 *
 * A param is an option of its name, with '-' for '_'; one that is positional is a word.
 */

typedef struct
{
  const BkOperation *operation; /* (nullable): only with wants_help or wants_version */
  JsonObject *args;             /* not checked yet */
  gboolean wants_help;
  gboolean wants_version;
  gboolean wants_json;
  char *config_path;    /* these four: (nullable) */
  char *repository_dir; /* absolute */
  char *connect_uri;
  char *output_path;
} BkCommandLine;

/* An option that every command has. */
typedef struct
{
  const char *name;
  const char *value; /* (nullable): what stands for its value in help */
  const char *summary;
} BkGlobalOption;

const BkGlobalOption *bk_global_options (void);
char *bk_param_option_name (const BkParam *param);

BkCommandLine *
bk_command_line_parse (const BkOperation *const *table, int argc, char **argv, GError **error);
void bk_command_line_free (BkCommandLine *line);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkCommandLine, bk_command_line_free)
