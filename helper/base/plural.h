#pragma once

#include <glib.h>

/*
 * Which of a language's plural forms a count takes, by the rule in a catalogue's header.
 */

typedef struct _BkPlural BkPlural;

BkPlural *bk_plural_parse (const char *header);
void bk_plural_free (BkPlural *plural);
guint bk_plural_form (const BkPlural *plural, guint64 count);
guint bk_plural_forms_count (const BkPlural *plural);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkPlural, bk_plural_free)
