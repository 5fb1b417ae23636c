#pragma once

#include "model/log.h"

/*
 * One line of a log file ⇄ BkLogLine: a JSON object on one line, with these members in this order
 * (the view log-line.json):
 *
 *   {"timestamp":…,"level":…,"project_id":…,"backup_id":…,"job_id":…,"action":…,"status":…,
 *    "message":…,"details":…,"error":…}
 *
 * timestamp, level, project_id and message are texts; details is an object or null; the others
 * are texts or null. The fixed beginning lets a reader skip a line by time or level without
 * parsing it; it parses lines of any other order just as well.
 */

/* A line with its newline is never longer than this; what is longer in a file is no line of ours. */
#define BK_LOG_LINE_MAX_BYTES (32 * 1024)

JsonNode *bk_log_line_to_json (const BkLogLine *line);
char *bk_log_line_to_text (const BkLogLine *line);
BkLogLine *bk_log_line_from_text (const char *text, gsize length_bytes, GError **error);

typedef struct _BkLogPrefilter BkLogPrefilter;

BkLogPrefilter *bk_log_prefilter_new (const BkLogFilter *filter);
void bk_log_prefilter_free (BkLogPrefilter *prefilter);
gboolean bk_log_prefilter_may_match (const BkLogPrefilter *prefilter, const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkLogPrefilter, bk_log_prefilter_free)
