#pragma once

#include <glib.h>

gboolean
bk_word_index (const char *const *words, guint words_count, const char *text, guint *index);
