#pragma once

#include <glib.h>

/*
 * Which language texts are in. A process has one, by its environment; a thread can have its own,
 * because a service speaks to many people at once. A language lives as long as the process.
 */

#define BK_LANGUAGE_ENGLISH "en"

/* Where else than in its installed place the translations are. */
#define BK_LOCALE_DIR_VARIABLE "COCKPIT_BACKUP_LOCALE_DIR"

typedef struct _BkLanguage BkLanguage;

const BkLanguage *bk_language_find (const char *wanted);
const BkLanguage *bk_language_of_environment (char **environment);
const char *bk_language_name (const BkLanguage *language);

const BkLanguage *bk_language_get (void);
void bk_language_set (const BkLanguage *language);
void bk_language_set_default (const BkLanguage *language);

const char *bk_language_text (const BkLanguage *language, const char *text) G_GNUC_FORMAT (2);
const char *
bk_language_plural (const BkLanguage *language, const char *one, const char *many, guint64 count)
    G_GNUC_FORMAT (2) G_GNUC_FORMAT (3);
