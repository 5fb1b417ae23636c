#pragma once

#include <glib.h>

/*
 * One language's catalogue: which text stands for which. Immutable, so that every thread may ask.
 */

#define BK_TRANSLATIONS_MAX_BYTES (4 * 1024 * 1024)

typedef struct _BkTranslations BkTranslations;

BkTranslations *bk_translations_parse (GBytes *bytes);
void bk_translations_free (BkTranslations *translations);
const char *bk_translations_get (const BkTranslations *translations, const char *text);
const char *
bk_translations_get_plural (const BkTranslations *translations, const char *one, guint64 count);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkTranslations, bk_translations_free)
