#pragma once

#include "model/log.h"

gboolean bk_journal_is_there (void);
void bk_journal_send (const BkLogLine *line);
void bk_journal_print_error (const GError *error);
