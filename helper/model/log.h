#pragma once

#include "base/reporter.h"

/*
 * One line of a log, and what a person looks for in it. Both are values.
 */

typedef struct
{
  gint64 time_usecs;
  BkLogLevel level;
  char *project_id;
  char *backup_id; /* (nullable), as all below but message */
  char *job_id;
  char *action;
  char *status;
  char *message;
  JsonObject *details;
  char *error;
} BkLogLine;

BkLogLine *bk_log_line_new (const BkLogEntry *entry, const char *job_id, gint64 now_usecs);
void bk_log_line_free (BkLogLine *line);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkLogLine, bk_log_line_free)

/* A member that is NULL (0 for a time) asks for nothing. */
typedef struct
{
  char *project_id;
  char *backup_id;
  char *job_id;
  char *text;           /* somewhere in message, error or action, in any case of letters */
  BkLogLevel min_level; /* that level and the graver ones */
  gint64 since_usecs;   /* from this instant on */
  gint64 until_usecs;   /* before this instant */
} BkLogFilter;

BkLogFilter *bk_log_filter_new (void);
BkLogFilter *bk_log_filter_copy (const BkLogFilter *filter);
void bk_log_filter_free (BkLogFilter *filter);
gboolean bk_log_filter_matches (const BkLogFilter *filter, const BkLogLine *line);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkLogFilter, bk_log_filter_free)
