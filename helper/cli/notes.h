#pragma once

#include <json-glib/json-glib.h>

/* What people are told on standard error while a command runs, whatever form its results have. */

char *bk_note_log_line (JsonNode *value);
void bk_note_log (JsonNode *value);
void bk_note_progress (JsonNode *value);
void bk_note_clear (void);
gboolean bk_result_has_warnings (JsonNode *result);
